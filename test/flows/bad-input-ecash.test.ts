import { getEncodedToken, type Proof } from '@cashu/cashu-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import {
  bearer,
  chat,
  faultsInBooks,
  problemIn,
  proofsOf,
  isUntouched,
  redeem,
  untilKnown,
} from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
let foreign: PlayMint
beforeAll(async () => {
  foreign = await startPlayMint()
  node = await startTestNode({
    mint: { feePpk: 1000, moreUnits: ['usd'] },
    app: { mintTimeoutMs: 250, mintWaitMs: 600 },
  })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await foreign.close()
})

/** The same ecash in each place where ecash can stand. */
async function everywhere(ecash: string): Promise<TestReply[]> {
  const key = await openWallet(node, 64)
  return [
    await chat(node, bearer(ecash)),
    await chat(node, { 'x-cashu': ecash }),
    await node.post('/v1/wallet/create', { cashu_token: ecash }),
    await node.post('/v1/balance/create', { initial_balance_token: ecash }),
    await node.post('/v1/wallet/topup', { cashu_token: ecash }, bearer(key)),
  ]
}

const LOCK = '02194603ffa36356f4a56b7df9371fc3192472351453ec7398b8da8117e7c3e104'

interface Row {
  readonly name: string
  readonly make: () => Promise<string> | string
  readonly status?: number
  readonly code: string
}

const UNSPENT: readonly Row[] = [
  { name: 'of a foreign mint', make: () => foreign.mintEcash(100), code: 'cashu_untrusted_source_mint' },
  {
    name: 'of another unit',
    make: () => node.mint.mintEcash(100, { unit: 'usd' }),
    code: 'cashu_unit_not_supported',
  },
  {
    name: 'locked to somebody else',
    make: () => node.mint.mintEcash(100, { p2pk: LOCK }),
    code: 'cashu_token_locked',
  },
  {
    name: 'with a secret in it twice',
    make: async () => changed(await node.mint.mintEcash(64), (proofs) => [...proofs, ...proofs]),
    code: 'invalid_cashu_token',
  },
  {
    name: 'with an amount that its keys do not have',
    make: async () =>
      changed(await node.mint.mintEcash(64), (proofs) => proofs.map((proof) => withAmount(proof, 100))),
    code: 'invalid_cashu_token',
  },
  {
    name: 'with a DLEQ that is wrong',
    make: async () =>
      changed(await node.mint.mintEcash(64), (proofs) => proofs.map((proof) => withAmount(proof, 128))),
    code: 'invalid_cashu_token',
  },
]

describe('ecash that cannot be taken is refused everywhere and stays unspent', () => {
  test.each(UNSPENT)('$name', async ({ make, status = 400, code }) => {
    const ecash = await make()
    for (const reply of await everywhere(ecash)) {
      expect(problemIn(reply)).toMatchObject({
        status,
        code,
        message: expect.stringContaining('still yours'),
      })
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    expect(isUntouched(node.mint, ecash)).toBe(true)
    expect(isUntouched(foreign, ecash)).toBe(true)
  })

  test('worth less than the fee of its mint: a payer for one call is told the exact amount to bring instead', async () => {
    const ecash = await node.mint.mintEcash(2, { split: [1, 1] })
    const [asKey, oneShot, ...others] = await everywhere(ecash)
    expect(oneShot && problemIn(oneShot)).toMatchObject({ status: 402, code: 'minimum_balance_required' })
    expect(oneShot?.body).toMatchObject({ detail: { amount_required_msat: 2000 } })
    expect(oneShot?.headers.get('x-cashu')).toBeNull()
    for (const reply of [asKey, ...others]) {
      expect(reply && problemIn(reply)).toMatchObject({
        status: 422,
        code: 'cashu_token_swap_fees_exceed_amount',
        message: expect.stringContaining('still yours'),
      })
    }
    expect(isUntouched(node.mint, ecash)).toBe(true)
  })

  test.each([
    { name: 'nothing after the prefix', ecash: 'cashuB' },
    { name: 'zeros', ecash: 'cashuAAAAA' },
    { name: 'no CBOR', ecash: 'cashuBnot-really-cbor' },
    { name: 'signs that no base64 has', ecash: 'cashuA!!!!' },
    { name: 'CBOR that never ends', ecash: `cashuB${'o'.repeat(9000)}` },
  ])('junk: $name', async ({ ecash }) => {
    for (const reply of await everywhere(ecash)) {
      expect(problemIn(reply)).toMatchObject({ status: 400, code: 'invalid_cashu_token' })
    }
  })

  test('a word that is no ecash at all is a wrong key, and as a payment a wrong payment', async () => {
    expect(problemIn(await chat(node, bearer('hello')))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    expect(problemIn(await chat(node, { 'x-cashu': 'hello' }))).toMatchObject({
      status: 400,
      code: 'invalid_cashu_token',
    })
    expect(problemIn(await node.post('/v1/wallet/create', { token: 'hello' }))).toMatchObject({
      status: 400,
      code: 'invalid_cashu_token',
    })
  })

  test('a forged signature without DLEQ is found by the mint, and the honest coin still spends', async () => {
    const honest = await node.mint.mintEcash(64, { dleq: false })
    const other = await node.mint.mintEcash(64, { dleq: false })
    const [stolen] = proofsOf(other)
    const forged = changed(honest, (proofs) => proofs.map((proof) => ({ ...proof, C: stolen?.C ?? '' })))
    for (const reply of await everywhere(forged))
      expect(problemIn(reply)).toMatchObject({ status: 400, code: 'invalid_cashu_token' })
    expect(isUntouched(node.mint, honest)).toBe(true)
    expect((await node.post('/v1/wallet/create', { cashu_token: honest })).status).toBe(200)
  })

  test('10,000 proofs in a body, and 257 of them', async () => {
    const [proof] = proofsOf(await node.mint.mintEcash(1, { dleq: false }))
    if (!proof) throw new Error('no proof')
    const many = (count: number): string => {
      const proofs = Array.from({ length: count }, (_, i) => ({ ...proof, secret: String(i) }))
      return getEncodedToken({ mint: node.mint.url, unit: 'sat', proofs })
    }
    const key = await openWallet(node, 64)
    for (const ecash of [many(10_000), many(257)]) {
      for (const path of ['/v1/wallet/create', '/v1/balance/topup']) {
        const reply = await node.post(path, { cashu_token: ecash }, bearer(key))
        expect([400, 413]).toContain(reply.status)
        expect(problemIn(reply)).toMatchObject({
          status: reply.status,
          code: reply.status === 413 ? 'body_too_large' : 'invalid_cashu_token',
        })
      }
    }
  })
})

describe('ecash that was spent before', () => {
  test('is no payment, no top-up and no new wallet; as a key it is a wrong key', async () => {
    const ecash = await node.mint.mintEcash(100)
    await redeem(node.mint, ecash)
    const [asKey, asPayment, created, ...rest] = await everywhere(ecash)
    if (!asKey || !asPayment || !created) throw new Error('a reply is missing')
    expect(problemIn(asKey)).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      message: expect.stringContaining('proofs already spent'),
    })
    for (const reply of [asPayment, created, ...rest]) {
      expect(problemIn(reply)).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    const again = await chat(node, bearer(ecash))
    expect(problemIn(again)).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      message: expect.stringContaining('proofs already spent'),
    })
    const fresh = await node.mint.mintEcash(100)
    node.mint.mark(fresh, 'SPENT')
    const info = await node.post('/v1/wallet/withdraw', {}, bearer(fresh))
    expect(problemIn(info)).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      message: expect.stringContaining('proofs already spent'),
    })
  })
})

describe('a wrong key', () => {
  test('is 401 on paid and on wallet routes, and none is asked for by name', async () => {
    const wrong = bearer(`sk-${'0'.repeat(64)}`)
    for (const reply of [await chat(node, wrong), await node.post('/v1/wallet/refund', {}, wrong)]) {
      expect(problemIn(reply)).toMatchObject({
        status: 401,
        code: 'key_not_found',
        message: expect.stringMatching(/^Key not found.*look whether all of it was copied/),
      })
    }
    for (const path of ['topup', 'withdraw', 'refund']) {
      expect(problemIn(await node.post(`/v1/wallet/${path}`, {}))).toMatchObject({
        status: 401,
        code: 'missing_api_key',
      })
    }
    expect(problemIn(await node.post('/v1/wallet/refund', {}, bearer('nonsense')))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
  })
})

describe('a mint that is down', () => {
  test.each(['refuses connections', 'hangs'])(
    '%s: 503, and the same ecash is credited once when it is back',
    async (how) => {
      const ecash = await node.mint.mintEcash(200)
      const key = await openWallet(node, 64)
      const topup = await node.mint.mintEcash(50)
      const payment = await node.mint.mintEcash(100)
      if (how === 'hangs') node.mint.faults.setFaults((path) => (path === '/v1/swap' ? 'hang' : undefined))
      else await node.mint.goDown()
      const replies = [
        await chat(node, bearer(ecash)),
        await chat(node, { 'x-cashu': payment }),
        await node.post('/v1/wallet/topup', { cashu_token: topup }, bearer(key)),
      ]
      for (const reply of replies) {
        expect(problemIn(reply)).toMatchObject({ status: 503, code: 'cashu_mint_unreachable' })
        expect(reply.headers.get('retry-after')).toMatch(/^\d+$/)
        expect(reply.headers.get('x-cashu')).toBeNull()
      }
      node.mint.faults.clear()
      if (how === 'refuses connections') await node.mint.comeBack()
      const all = await Promise.all(
        Array.from({ length: 4 }, () => untilKnown(() => chat(node, bearer(ecash)))),
      )
      expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const info = await node.get('/v1/wallet/info', ecash)
      expect(Number(info['balance']) + Number(info['total_spent'])).toBe((200 - 3) * 1000)
      for (let i = 0; i < 2; i += 1) {
        const added = await untilKnown(() =>
          node.post('/v1/wallet/topup', { cashu_token: topup }, bearer(key)),
        )
        expect(added.body).toMatchObject({ amount_added: 47, balance_msat: (63 + 47) * 1000 })
      }
      const paid = await untilKnown(() => chat(node, { 'x-cashu': payment }))
      expect(paid.status).toBe(200)
      expect(paid.headers.get('x-cashu')).toMatch(/^cashuB/)
      expect(await faultsInBooks(node)).toBeUndefined()
    },
  )

  test('a keyset that is not known yet cannot be priced while it is down: 503, untouched', async () => {
    const stranger = await startPlayMint()
    await stranger.goDown()
    const fresh = await startTestNode({ app: { mints: [stranger.url] } })
    const lost = await startPlayMint({ port: Number(new URL(stranger.url).port) })
    const ecash = await lost.mintEcash(100)
    await lost.goDown()
    expect(problemIn(await chat(fresh, { 'x-cashu': ecash }))).toMatchObject({
      status: 503,
      code: 'cashu_mint_unreachable',
    })
    await lost.comeBack()
    expect(isUntouched(lost, ecash)).toBe(true)
    expect((await untilKnown(() => chat(fresh, { 'x-cashu': ecash }))).status).toBe(200)
    await fresh[Symbol.asyncDispose]()
    await lost.close()
  })
})

function changed(ecash: string, change: (proofs: Proof[]) => Proof[]): string {
  return getEncodedToken({ mint: node.mint.url, unit: 'sat', proofs: change(proofsOf(ecash)) })
}

function withAmount(proof: Proof, amount: number): Proof {
  return { ...proof, amount: proof.amount.add(amount - proof.amount.toNumber()) }
}
