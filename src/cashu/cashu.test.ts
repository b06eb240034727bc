import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../demo/index.ts'
import { balanceOf, openAccount } from '../ledger/index.ts'
import { fixed, systemClock } from '../lib/index.ts'
import { tablesOf } from '../storage/index.ts'
import { type CashuNode, faultsInBooks, openCashuNode } from '../../test/faults/support/cashu-node.ts'
import { Cashu, readEcash, type ReceiveOutcome } from './index.ts'
import { writeEcash } from './ecash/write-ecash.ts'

let mint: PlayMint
let node: CashuNode

beforeEach(async () => {
  mint = await startPlayMint({ feePpk: 100 })
  node = await openCashuNode([mint.url])
})
afterEach(async () => {
  await node[Symbol.asyncDispose]()
  await mint.close()
})

const receive = (
  text: string,
  more: { purpose?: 'wallet' | 'topup'; reserveFor?: string } = {},
): Promise<ReceiveOutcome> =>
  node.cashu.receive({ ecash: readEcash(text), purpose: 'wallet', accountId: node.account, ...more })
const send = (reference: string, amountSat: number) =>
  node.cashu.send({ reference, from: node.account, mint: mint.url, amountSat })
const fails = async (): Promise<void> => {
  throw new Error('no such wallet')
}
const swaps = () => mint.stats.requests['/v1/swap'] ?? 0
const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  const [outcome] = await Promise.allSettled([work])
  return outcome.status === 'rejected' ? Object(outcome.reason).code : 'no error'
}

describe('receiving', () => {
  test('ecash is credited with its face less the fee of the mint', async () => {
    const ecash = readEcash(await mint.mintEcash(100))
    expect(await node.cashu.inspect(ecash)).toEqual({ mint: mint.url, faceSat: 100, feeSat: 1, netSat: 99 })
    const outcome = await node.cashu.receive({ ecash, purpose: 'wallet', accountId: node.account })
    expect(outcome).toMatchObject({ kind: 'credited', netSat: 99, feeSat: 1 })
    expect(await node.balance()).toBe(99_000n)
    expect(await node.cashu.find(ecash)).toMatchObject({
      kind: 'known',
      operation: { state: 'done', netSat: 99 },
    })
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('fifty at once, in both encodings, are one credit and one swap', async () => {
    const text = await mint.mintEcash(100)
    const { proofs } = readEcash(text)
    const again = writeEcash({ mint: mint.url, proofs: proofs.toReversed() })
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => receive(i % 2 === 0 ? text : again)))
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['credited']))
    expect([await node.balance(), swaps()]).toEqual([99_000n, 1])
    expect(await receive(text)).toMatchObject({ kind: 'credited', netSat: 99 })
    expect(swaps()).toBe(1)
  })

  test('first use fixes what ecash is: another purpose, another account and a part of it are told', async () => {
    const text = await mint.mintEcash(100)
    const ecash = readEcash(text)
    await receive(text)
    expect(await receive(text, { purpose: 'topup' })).toMatchObject({
      kind: 'exists',
      operation: { purpose: 'wallet' },
    })
    const other = await node.storage.transact((tx) =>
      openAccount(tx, { code: 'wallet:other', kind: 'liability' }),
    )
    expect(await node.cashu.receive({ ecash, purpose: 'wallet', accountId: other })).toMatchObject({
      kind: 'exists',
    })
    const part = readEcash(writeEcash({ mint: mint.url, proofs: ecash.proofs.slice(1) }))
    expect(await node.cashu.find(part)).toEqual({ kind: 'overlaps' })
    expect(await node.cashu.receive({ ecash: part, purpose: 'wallet', accountId: other })).toEqual({
      kind: 'overlaps',
    })
    expect(await node.balance()).toBe(99_000n)
  })

  test('two ecash that share coins, at the same moment: one is credited, the other is told', async () => {
    await receive(await mint.mintEcash(10))
    const { proofs } = readEcash(await mint.mintEcash(100))
    const texts = [proofs, proofs.slice(1), proofs.slice(0, 2)].map((some) =>
      writeEcash({ mint: mint.url, proofs: some }),
    )
    const all = await Promise.all(texts.map((text) => receive(text)))
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(['credited', 'overlaps', 'overlaps'])
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('an operation that two runners end at the same moment is credited once', async () => {
    node = await node.reopen({ waitMs: 200 })
    await receive(await mint.mintEcash(10))
    await mint.goDown()
    expect(await receive(await mint.mintEcash(30))).toMatchObject({ kind: 'pending' })
    const { storage, vault } = node
    await node.cashu.close()
    const open = () => Cashu.open({ storage, vault, mints: fixed([mint.url]), clock: systemClock })
    const both = [await open(), await open()]
    await mint.comeBack()
    await Promise.all(both.map((each) => each.resume()))
    await expect.poll(() => node.balance(), { timeout: 10_000 }).toBe(9000n + 29_000n)
    await Promise.all(both.map((each) => each.close()))
  })

  test('rows of the caller are saved with the claim and with the credit, or not at all', async () => {
    const seen: string[] = []
    node.cashu.onCredited('topup', async (_tx, { id, netSat }) => {
      seen.push(`${id} ${netSat}`)
    })
    const claimed: string[] = []
    const text = await mint.mintEcash(50)
    const claim = async (_tx: unknown, id: string): Promise<void> => {
      claimed.push(id)
    }
    await node.cashu.receive({ ecash: readEcash(text), purpose: 'topup', accountId: node.account, claim })
    expect(seen).toEqual([`${claimed[0]} 49`])
    const refused = await mint.mintEcash(50)
    const attempt = node.cashu.receive({
      ecash: readEcash(refused),
      purpose: 'topup',
      accountId: node.account,
      claim: fails,
    })
    await expect(attempt).rejects.toThrow('no such wallet')
    expect(await node.cashu.find(readEcash(refused))).toEqual({ kind: 'unknown' })
    expect(swaps()).toBe(1)
  })

  test('nothing is asked of a mint that is not taken, and nothing is taken in another unit or below its fee', async () => {
    await using usd = await openUsdMint()
    const foreign = readEcash(await usd.mint.mintEcash(8))
    expect(await codeOf(node.cashu.inspect(foreign))).toBe('cashu_untrusted_source_mint')
    expect(usd.mint.stats.requests).toEqual({})
    await using at = await openCashuNode([usd.mint.url])
    expect(await codeOf(at.cashu.inspect(readEcash(await usd.mint.mintEcash(8, { unit: 'usd' }))))).toBe(
      'cashu_unit_not_supported',
    )
    const dust = readEcash(await mint.mintEcash(1))
    expect(await codeOf(node.cashu.inspect(dust))).toBe('cashu_token_swap_fees_exceed_amount')
    expect(
      await codeOf(node.cashu.receive({ ecash: dust, purpose: 'wallet', accountId: node.account })),
    ).toBe('cashu_token_swap_fees_exceed_amount')
    expect(swaps()).toBe(0)
  })

  test('an unknown keyset is not called bad before the mint was asked, and junk cannot make it be asked again and again', async () => {
    await receive(await mint.mintEcash(10))
    const { proofs } = readEcash(await mint.mintEcash(10))
    const before = mint.stats.requests['/v1/keysets']
    for (let i = 0; i < 20; i += 1) {
      const id = `01${i.toString(16).padStart(14, '0')}`
      const junk = readEcash(
        writeEcash({ mint: mint.url, proofs: proofs.map((proof) => ({ ...proof, keysetId: id })) }),
      )
      expect(await codeOf(node.cashu.inspect(junk))).toBe('cashu_mint_rate_limited')
    }
    expect(mint.stats.requests['/v1/keysets']).toBe(before)
  })

  test('forged ecash dies here when it has a DLEQ, at the mint when not, and may be presented again', async () => {
    const { proofs } = readEcash(await mint.mintEcash(8))
    const { proofs: others } = readEcash(await mint.mintEcash(8))
    const [proof, other] = [proofs[0], others[0]]
    if (!proof || !other) throw new Error('no proofs')
    const forged = { ...proof, C: other.C }
    const withDleq = {
      ...readEcash(writeEcash({ mint: mint.url, proofs: [forged] })),
      proofs: [{ ...forged }],
    }
    expect(
      await codeOf(node.cashu.receive({ ecash: withDleq, purpose: 'wallet', accountId: node.account })),
    ).toBe('invalid_cashu_token')
    expect(swaps()).toBe(0)
    const text = writeEcash({ mint: mint.url, proofs: [forged] })
    expect(await receive(text)).toMatchObject({ kind: 'refused', code: 'invalid_cashu_token' })
    expect(await node.cashu.find(readEcash(text))).toEqual({ kind: 'unknown' })
    expect(await receive(writeEcash({ mint: mint.url, proofs: [proof] }))).toMatchObject({ kind: 'credited' })
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('spent ecash is refused once by the mint, and from then on without it', async () => {
    const text = await mint.mintEcash(8)
    mint.mark(text, 'SPENT')
    expect(await receive(text)).toMatchObject({ kind: 'refused', code: 'cashu_token_already_spent' })
    const asked = swaps()
    expect(await receive(text)).toMatchObject({ kind: 'refused', code: 'cashu_token_already_spent' })
    expect(swaps()).toBe(asked)
    expect(await node.balance()).toBe(0n)
  })

  test('nothing that is money stands in the database in the clear', async () => {
    const text = await mint.mintEcash(21)
    mint.faults.failNext('/v1/swap', 'hang', 1)
    const work = receive(text)
    await expect.poll(swaps).toBe(1)
    const rows = await node.storage.read(async (tx) =>
      JSON.stringify(
        await Promise.all([
          tablesOf<{ operation: { id: string } }>(tx).selectFrom('operation').selectAll().execute(),
          tablesOf<{ proof: { y: Buffer } }>(tx).selectFrom('proof').selectAll().execute(),
        ]),
        (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value),
      ),
    )
    expect(rows).toContain('fb1.')
    for (const { secret, C } of readEcash(text).proofs) {
      expect(rows).not.toContain(secret)
      expect(rows).not.toContain(C)
    }
    expect(await work).toMatchObject({ kind: 'credited' })
    const ended = await node.storage.read((tx) =>
      tablesOf<{ operation: { sealed_plan: string | null } }>(tx)
        .selectFrom('operation')
        .select('sealed_plan')
        .execute(),
    )
    expect(ended).toEqual([{ sealed_plan: null }])
  })
})

async function openUsdMint() {
  const usd = await startPlayMint({ moreUnits: ['usd'] })
  return { mint: usd, [Symbol.asyncDispose]: () => usd.close() }
}

describe('sending', () => {
  test('any amount is paid from coins at hand, without the mint, once per reference', async () => {
    await receive(await mint.mintEcash(200))
    const asked = swaps()
    const text = await send('r1', 77)
    expect(readEcash(text).faceSat).toBe(77)
    expect(await send('r1', 77)).toBe(text)
    expect(await node.storage.read((tx) => node.cashu.storedSend(tx, 'r1'))).toBe(text)
    expect(swaps()).toBe(asked)
    expect(await node.balance()).toBe(122_000n)
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('coins that do not fit are swapped first, at the cost of the node', async () => {
    await receive(await mint.mintEcash(200))
    for (let i = 0; i < 6; i += 1) await send(`one-${i}`, 1)
    const asked = swaps()
    const texts = await Promise.all(Array.from({ length: 5 }, (_, i) => send(`more-${i}`, 3)))
    expect(swaps()).toBeGreaterThan(asked)
    expect(new Set(texts).size).toBe(5)
    expect(texts.every((text) => readEcash(text).faceSat === 3)).toBe(true)
    expect(await node.balance()).toBe(199_000n - 6000n - 15_000n)
    const fees = await node.storage.transact(async (tx) =>
      balanceOf(tx, await openAccount(tx, { code: 'expense:mint_fees', kind: 'expense' })),
    )
    expect(fees.posted).toBeLessThan(0n)
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('nobody sends more than he has, and a refused row of the caller sends nothing', async () => {
    await receive(await mint.mintEcash(100))
    expect(await codeOf(send('much', 100))).toBe('cashu_holdings_short')
    const other = await node.storage.transact((tx) =>
      openAccount(tx, { code: 'wallet:poor', kind: 'liability' }),
    )
    expect(
      await codeOf(node.cashu.send({ reference: 'poor', from: other, mint: mint.url, amountSat: 5 })),
    ).toBe('exceeds_credits')
    const attempt = node.cashu.send({
      reference: 'join',
      from: node.account,
      mint: mint.url,
      amountSat: 5,
      join: fails,
    })
    await expect(attempt).rejects.toThrow('no such wallet')
    expect(await node.balance()).toBe(99_000n)
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('what a receive reserved pays its owner any change, and nobody else; the rest is released', async () => {
    const text = await mint.mintEcash(64)
    await receive(text, { reserveFor: 'pay-1' })
    expect(await codeOf(send('other', 5))).toBe('cashu_holdings_short')
    const change = await node.storage.transact(async (tx) => {
      const at = Date.now()
      const local = {
        reference: 'change',
        from: node.account,
        mint: mint.url,
        amountSat: 41,
        owner: 'pay-1',
        at,
      }
      const ecash = await node.cashu.sendLocal(tx, local)
      await node.cashu.releaseReserved(tx, 'pay-1')
      return ecash
    })
    expect(readEcash(change ?? '').faceSat).toBe(41)
    expect(readEcash(await send('rest', 22)).faceSat).toBe(22)
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('ecash given out stays ours until the mint says that it was spent; our own change may come back', async () => {
    await receive(await mint.mintEcash(200))
    const text = await send('r1', 50)
    expect(await node.cashu.sweepIssued()).toBe(0)
    expect(await receive(text, { purpose: 'topup' })).toMatchObject({ kind: 'credited', netSat: 49 })
    const given = readEcash(text).proofs.length
    expect(await node.cashu.sweepIssued()).toBe(given)
    expect(await node.cashu.sweepIssued()).toBe(0)
    const { perMint } = await node.storage.read((tx) => node.cashu.books(tx))
    expect(perMint).toMatchObject([{ faceInSat: 250, issuedSat: 0, faceOutSat: 50 }])
    expect(await faultsInBooks(node)).toEqual([])
  })
})

describe('a mint that is down', () => {
  test('does not stop the start, and is answered for with 503 while its ecash is untouched', async () => {
    const text = await mint.mintEcash(30)
    await mint.goDown()
    await using late = await openCashuNode([mint.url], { waitMs: 300 })
    expect(await codeOf(late.cashu.inspect(readEcash(text)))).toBe('cashu_mint_unreachable')
    expect(await late.cashu.find(readEcash(text))).toEqual({ kind: 'unknown' })
    await mint.comeBack()
    await expect
      .poll(async () => codeOf(late.cashu.inspect(readEcash(text))), { timeout: 5000, interval: 200 })
      .toBe('no error')
  })

  test('leaves a receive pending, never refused; when it is back the same ecash is credited once', async () => {
    node = await node.reopen({ waitMs: 200 })
    await receive(await mint.mintEcash(10))
    const text = await mint.mintEcash(30)
    await mint.goDown()
    const outcome = await receive(text)
    expect(outcome).toMatchObject({
      kind: 'pending',
      error: { code: 'cashu_mint_unreachable', retryAfterS: 5 },
    })
    await mint.comeBack()
    await Promise.all(Array.from({ length: 5 }, () => receive(text)))
    await expect.poll(async () => (await receive(text)).kind, { timeout: 10_000 }).toBe('credited')
    expect(await node.balance()).toBe(9000n + 29_000n)
    expect(await faultsInBooks(node)).toEqual([])
  })

  test('what was pending is credited in the background after a restart, with the rows of its purpose', async () => {
    node = await node.reopen({ waitMs: 200 })
    await receive(await mint.mintEcash(10))
    const text = await mint.mintEcash(30)
    await mint.goDown()
    expect(await receive(text, { purpose: 'topup' })).toMatchObject({ kind: 'pending' })
    node = await node.reopen({ waitMs: 200 })
    const credited: number[] = []
    node.cashu.onCredited('topup', async (_tx, { netSat }) => {
      credited.push(netSat)
    })
    await mint.comeBack()
    await node.cashu.resume()
    expect(credited).toEqual([29])
    expect(await node.balance()).toBe(9000n + 29_000n)
    expect(await faultsInBooks(node)).toEqual([])
  })
})
