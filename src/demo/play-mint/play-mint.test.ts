import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import {
  createRandomSecretKey,
  getEncodedToken,
  getTokenMetadata,
  hasValidDleq,
  hashToCurve,
  Mint,
  type Proof,
  Wallet,
} from '@cashu/cashu-ts'
import { afterEach, describe, expect, test } from 'vitest'
import { compress, publicPoint } from './curve.ts'
import { type PlayMint, type PlayMintOptions, startPlayMint } from './index.ts'

const open: PlayMint[] = []

async function start(options: PlayMintOptions = {}): Promise<PlayMint> {
  const mint = await startPlayMint(options)
  open.push(mint)
  return mint
}

async function walletOf(mint: PlayMint, unit = 'sat'): Promise<Wallet> {
  const wallet = new Wallet(mint.url, { unit })
  await wallet.loadMint()
  return wallet
}

async function mintWith(wallet: Wallet, amount: number): Promise<Proof[]> {
  const { quote } = await wallet.createMintQuoteBolt11(amount)
  return wallet.mintProofsBolt11(amount, quote)
}

const sum = (proofs: readonly Proof[]): number =>
  proofs.reduce((all, proof) => all + proof.amount.toNumber(), 0)
const yOf = (proof: { secret: string }): string =>
  hashToCurve(new TextEncoder().encode(proof.secret)).toHex(true)
const ysOf = (ecash: string): string[] => getTokenMetadata(ecash).incompleteProofs.map(yOf)

async function post(
  url: string,
  body: unknown,
): Promise<{ status: number; body: { code?: number; detail?: string } }> {
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these two members are looked at
  return { status: reply.status, body: (await reply.json()) as { code?: number; detail?: string } }
}

interface SwapBody {
  inputs: { id: string; amount: number; secret: string; C: string }[]
  outputs: { id: string; amount: number; B_: string }[]
}

/** A swap of one fresh coin into one output, as a body. */
async function swapBody(mint: PlayMint, wallet: Wallet, fee = 0): Promise<SwapBody> {
  const { id } = wallet.keyChain.getCheapestKeyset()
  const [proof] = wallet.decodeToken(await mint.mintEcash(4, { dleq: false })).proofs
  if (!proof) throw new Error('no proof')
  const amount = 4 - fee
  const blinded = compress(publicPoint(randomBytes(32))).toString('hex')
  return {
    inputs: [{ id: proof.id, amount: 4, secret: proof.secret, C: proof.C }],
    outputs: [{ id, amount, B_: blinded }],
  }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((mint) => mint.close()))
})

describe.each([{ keysetVersion: 1 }, { keysetVersion: 2 }] as const)(
  'with the wallet of cashu-ts, keyset ids of version $keysetVersion',
  (options) => {
    test('ecash is minted, sent and received; fees and sums agree', async () => {
      const mint = await start({ ...options, feePpk: 100 })
      const wallet = await walletOf(mint)
      const proofs = await mintWith(wallet, 100)
      expect(sum(proofs)).toBe(100)
      const { keep, send } = await wallet.send(30, proofs)
      const received = await wallet.receive(getEncodedToken({ mint: mint.url, proofs: send, unit: 'sat' }))
      expect(sum(received)).toBe(29)
      expect(sum(keep) + sum(received) + mint.stats.feesSat).toBe(100)
      expect(mint.stats).toMatchObject({ issuedSat: 100, swaps: 2 })
      expect(mint.stats.requests['/v1/swap']).toBe(2)
      const states = await wallet.checkProofsStates([...send, ...received])
      expect(new Set(states.slice(0, send.length).map((each) => each.state))).toEqual(new Set(['SPENT']))
      expect(mint.proofsUnspent(received.map(yOf))).toBe(true)
    })

    test('ecash made in the process is taken, with a valid DLEQ, in both forms', async () => {
      const mint = await start(options)
      const wallet = await walletOf(mint)
      for (const version of ['A', 'B'] as const) {
        const ecash = await mint.mintEcash(21, { version, memo: 'for tea' })
        expect(ecash.startsWith(`cashu${version}`)).toBe(true)
        expect(getTokenMetadata(ecash)).toMatchObject({ memo: 'for tea', unit: 'sat', mint: mint.url })
        const { proofs } = wallet.decodeToken(ecash)
        for (const proof of proofs)
          expect(hasValidDleq(proof, wallet.keyChain.getKeyset(proof.id), { require: true })).toBe(true)
        expect(sum(await wallet.receive(ecash, { requireDleq: true }))).toBe(21)
        await expect(wallet.receive(ecash)).rejects.toMatchObject({ code: 11001 })
      }
    })
  },
)

describe('the play-money mint', () => {
  test('a wallet restores from its seed what it was signed', async () => {
    const mint = await start()
    const bip39seed = randomBytes(64)
    const wallet = new Wallet(mint.url, { bip39seed })
    await wallet.loadMint()
    const { quote } = await wallet.createMintQuoteBolt11(13)
    const proofs = await wallet.mintProofsBolt11(13, quote, undefined, { type: 'deterministic', counter: 0 })
    const again = new Wallet(mint.url, { bip39seed })
    await again.loadMint()
    const restored = await again.restore(0, 20)
    expect(restored.proofs.map((proof) => proof.C).toSorted()).toEqual(
      proofs.map((proof) => proof.C).toSorted(),
    )
  })

  test('locked ecash needs the signature of its key', async () => {
    const mint = await start()
    const wallet = await walletOf(mint)
    const secretKey = createRandomSecretKey()
    const p2pk = compress(publicPoint(secretKey)).toString('hex')
    const ecash = await mint.mintEcash(8, { p2pk })
    await expect(wallet.receive(ecash)).rejects.toMatchObject({ code: 20_008 })
    const other = Buffer.from(createRandomSecretKey()).toString('hex')
    await expect(wallet.receive(ecash, { privkey: other })).rejects.toThrow(/sign|20008/i)
    const privkey = Buffer.from(secretKey).toString('hex')
    expect(sum(await wallet.receive(ecash, { privkey }))).toBe(8)
    expect(ysOf(ecash).map((y) => mint.stateOf(y))).toEqual(['SPENT'])
  })

  test('after a rotation old coins are spendable and old outputs are 12002', async () => {
    const mint = await start({ feePpk: 0 })
    const wallet = await walletOf(mint)
    const [old, body] = [await mint.mintEcash(5), await swapBody(mint, wallet)]
    const id = mint.rotate({ feePpk: 1000 })
    expect(await post(`${mint.url}/v1/swap`, body)).toMatchObject({ status: 400, body: { code: 12_002 } })
    const later = await walletOf(mint)
    await later.keyChain.ensureKeysetKeys(body.inputs[0]?.id ?? '')
    const received = await later.receive(old)
    expect(sum(received)).toBe(5)
    expect(received.every((proof) => proof.id === id)).toBe(true)
    expect(sum(await later.receive(getEncodedToken({ mint: mint.url, proofs: received })))).toBe(3)
  })

  test('a changed fee keeps a keyset of version 1 and rotates one of version 2', async () => {
    for (const keysetVersion of [1, 2] as const) {
      const mint = await start({ keysetVersion })
      const { id } = (await walletOf(mint)).keyChain.getCheapestKeyset()
      expect(mint.setFee(1000) === id).toBe(keysetVersion === 1)
      const wallet = await walletOf(mint)
      expect(sum(await wallet.receive(await mint.mintEcash(4)))).toBe(3)
    }
  })

  test('ecash of another unit is made and has a keyset of its own', async () => {
    const mint = await start({ moreUnits: ['usd'] })
    const ecash = await mint.mintEcash(7, { unit: 'usd' })
    expect(getTokenMetadata(ecash).unit).toBe('usd')
    expect(sum(await (await walletOf(mint, 'usd')).receive(ecash))).toBe(7)
    expect(mint.stats.issuedSat).toBe(0)
    await expect(mint.mintEcash(7, { unit: 'eur' })).rejects.toThrow('moreUnits')
  })

  test('coins are split as asked, and an amount that they do not come to is refused', async () => {
    const mint = await start()
    const ecash = await mint.mintEcash(6, { split: [1, 1, 4] })
    expect(getTokenMetadata(ecash).proofAmounts.map(Number)).toEqual([1, 1, 4])
    await expect(mint.mintEcash(6, { split: [1, 4] })).rejects.toThrow('not 6')
    await expect(mint.mintEcash(0)).rejects.toThrow('Not an amount')
  })

  test('marked coins are refused as spent or pending', async () => {
    const mint = await start()
    const wallet = await walletOf(mint)
    const ecash = await mint.mintEcash(3)
    mint.mark(ecash, 'PENDING')
    await expect(wallet.receive(ecash)).rejects.toMatchObject({ code: 11_002 })
    mint.mark(ecash, 'SPENT')
    await expect(wallet.receive(ecash)).rejects.toMatchObject({ code: 11_001 })
    mint.mark(ecash, 'UNSPENT')
    expect(sum(await wallet.receive(ecash))).toBe(3)
  })
})

describe('refusals', () => {
  test('the same swap again is 11001, even after a rotation; its outputs with a fresh coin are 11003', async () => {
    const mint = await start()
    const wallet = await walletOf(mint)
    const body = await swapBody(mint, wallet)
    const url = `${mint.url}/v1/swap`
    expect((await post(url, body)).status).toBe(200)
    expect((await post(url, body)).body.code).toBe(11_001)
    const { inputs } = await swapBody(mint, wallet)
    expect((await post(url, { ...body, inputs })).body.code).toBe(11_003)
    mint.rotate()
    expect((await post(url, body)).body.code).toBe(11_001)
    expect((await post(`${mint.url}/v1/restore`, { outputs: body.outputs })).body).toMatchObject({
      outputs: body.outputs,
      signatures: [{ amount: 4 }],
    })
  })

  test('each wrong swap has its code and spends nothing', async () => {
    const mint = await start({ moreUnits: ['usd'] })
    const wallet = await walletOf(mint)
    const usd = (await walletOf(mint, 'usd')).keyChain.getCheapestKeyset().id
    const { inputs, outputs } = await swapBody(mint, wallet)
    const [input, output] = [inputs[0], outputs[0]]
    const half = { ...output, amount: 2 }
    const cases: [number, unknown][] = [
      [10_001, { inputs: [{ ...input, secret: 'another' }], outputs }],
      [10_001, { inputs: [{ ...input, amount: 8 }], outputs: [{ ...output, amount: 8 }] }],
      [
        10_001,
        {
          inputs,
          outputs: [
            { ...output, amount: 3 },
            { ...output, amount: 1, B_: input?.C },
          ],
        },
      ],
      [10_001, { inputs, outputs: [{ ...output, B_: `02${'00'.repeat(32)}` }] }],
      [11_005, { inputs, outputs: [{ ...output, amount: 2 }] }],
      [11_007, { inputs: [input, input], outputs: [{ ...output, amount: 8 }] }],
      [11_008, { inputs, outputs: [half, half] }],
      [11_010, { inputs, outputs: [{ ...output, id: usd }] }],
      [12_001, { inputs: [{ ...input, id: '00ffffffffffffff' }], outputs }],
      [12_001, { inputs, outputs: [{ ...output, id: '00ffffffffffffff' }] }],
    ]
    for (const [code, body] of cases)
      expect(await post(`${mint.url}/v1/swap`, body)).toMatchObject({ status: 400, body: { code } })
    expect((await post(`${mint.url}/v1/swap`, { inputs, outputs })).status).toBe(200)
  })

  test('a body of the wrong shape and more than 1,000 items are 422', async () => {
    const mint = await start()
    const body = await swapBody(mint, await walletOf(mint))
    const inputs = Array.from({ length: 1001 }, () => body.inputs[0])
    for (const wrong of [{ ...body, inputs }, { ...body, outputs: [] }, { inputs: 'x' }, null])
      expect((await post(`${mint.url}/v1/swap`, wrong)).status).toBe(422)
    expect((await fetch(`${mint.url}/v1/swap`, { method: 'POST', body: '{' })).status).toBe(422)
    expect((await fetch(`${mint.url}/v1/nothing`)).status).toBe(404)
  })

  test('a quote is minted once: the same outputs are 11003, others 20002', async () => {
    const mint = await start()
    const wallet = await walletOf(mint)
    const { quote, state } = await wallet.createMintQuoteBolt11(4)
    expect(state).toBe('PAID')
    const [first, second] = [await swapBody(mint, wallet), await swapBody(mint, wallet)]
    const url = `${mint.url}/v1/mint/bolt11`
    expect((await post(url, { quote, outputs: first.outputs })).status).toBe(200)
    expect((await post(url, { quote, outputs: first.outputs })).body.code).toBe(11_003)
    expect((await post(url, { quote, outputs: second.outputs })).body.code).toBe(20_002)
    expect((await wallet.checkMintQuoteBolt11(quote)).state).toBe('ISSUED')
  })
})

describe('faults', () => {
  test.each([
    ['drop_before', 'UNSPENT'],
    ['drop_after', 'SPENT'],
    ['truncate', 'SPENT'],
    ['down', 'UNSPENT'],
  ] as const)('%s cuts the connection and leaves the coin %s, once', async (kind, state) => {
    const mint = await start()
    const body = await swapBody(mint, await walletOf(mint))
    mint.faults.failNext('/v1/swap', kind)
    await expect(post(`${mint.url}/v1/swap`, body)).rejects.toThrow(/fetch failed|terminated/)
    expect(mint.stateOf(yOf(body.inputs[0] ?? { secret: '' }))).toBe(state)
    expect((await post(`${mint.url}/v1/swap`, body)).status).toBe(state === 'SPENT' ? 400 : 200)
  })

  test('late cuts at once and executes afterwards', async () => {
    const mint = await start()
    const body = await swapBody(mint, await walletOf(mint))
    mint.faults.failNext('/v1/swap', { late: 60 })
    await expect(post(`${mint.url}/v1/swap`, body)).rejects.toThrow('fetch failed')
    const y = yOf(body.inputs[0] ?? { secret: '' })
    expect(mint.stateOf(y)).toBe('UNSPENT')
    await expect.poll(() => mint.stateOf(y)).toBe('SPENT')
  })

  test('statuses are given as often as ordered, and the plan decides afterwards', async () => {
    const mint = await start()
    const status = async (): Promise<number> => (await fetch(`${mint.url}/v1/info`)).status
    mint.faults.failNext('/v1/info', 'status_503', 2)
    mint.faults.failNext('/v1/info', 'status_429')
    mint.faults.setFaults((path) => (path === '/v1/info' ? 'status_503' : undefined))
    expect([await status(), await status(), await status(), await status()]).toEqual([503, 503, 429, 503])
    expect((await fetch(`${mint.url}/v1/keys`)).status).toBe(200)
    mint.faults.clear()
    expect(await status()).toBe(200)
  })

  test('hang gives no answer and executes nothing', async () => {
    const mint = await start()
    const body = JSON.stringify(await swapBody(mint, await walletOf(mint)))
    mint.faults.failNext('/v1/swap', 'hang')
    const waiting = fetch(`${mint.url}/v1/swap`, { method: 'POST', body, signal: AbortSignal.timeout(80) })
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(mint.stats.swaps).toBe(0)
  })

  test('a mint that went down refuses connections, and comes back with its state', async () => {
    const mint = await start()
    const wallet = await walletOf(mint)
    const ecash = await mint.mintEcash(9)
    await mint.goDown()
    const [error] = await once(connect(Number(new URL(mint.url).port), '127.0.0.1'), 'error').catch((e) => [
      e,
    ])
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    await mint.comeBack()
    expect(sum(await wallet.receive(ecash))).toBe(9)
  })

  test('what cashu-ts itself says of a mint is what this one is', async () => {
    const mint = await start()
    const keysets = await new Mint(mint.url).getKeySets()
    expect(keysets.keysets).toHaveLength(1)
    expect(keysets.keysets[0]).toMatchObject({ active: true, unit: 'sat' })
  })
})
