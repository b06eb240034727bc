import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trialBalance } from '../../src/ledger/index.ts'
import { sql, tablesOf, type Tx } from '../../src/storage/index.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'
import { type Nutshell, startNutshell } from './nutshell.ts'
import { callOpenAi } from './payers.ts'
import { Purse } from './purse.ts'

const CALLS = 50
const FEE_PPK = 100

let mint: Nutshell
let node: TestNode
let purse: Purse
beforeAll(async () => {
  mint = await startNutshell()
  node = await startTestNode({ app: { mints: [mint.url], mintTimeoutMs: 10_000, mintWaitMs: 20_000 } })
  purse = await Purse.open(mint.url)
}, 10 * 60_000)
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await mint[Symbol.asyncDispose]()
})

/** What the callers did, counted on their side of the counter. */
const seen = { faceIn: 0, feesIn: 0, faceOut: 0, cost: 0n, calls: 0 }
const handedOut: string[] = []

async function bring(sats: number): Promise<string> {
  const { ecash, proofs } = await purse.mint(sats)
  pay(sats, proofs)
  return ecash
}

function pay(faceSat: number, proofs: number): void {
  seen.faceIn += faceSat
  seen.feesIn += Math.ceil((proofs * FEE_PPK) / 1000)
}

describe('a real mint', () => {
  test('50 calls by ecash as key, sk- key and X-Cashu are paid to the msat', async () => {
    const asKey = await bring(700)
    const { body: made } = await node.post('/v1/wallet/create', { cashu_token: await bring(1000) })
    const key = String(made['api_key'])
    let cash = await bring(900)
    for (let i = 0; i < CALLS; i += 1) {
      const payer = [{ key: asKey }, { key }, { xCashu: cash }][i % 3]
      const answer = await callOpenAi({
        baseUrl: node.baseUrl,
        ...payer,
        stream: i % 2 === 1,
        prompt: `Tell me of train number ${i}`,
      })
      expect(answer.text).not.toBe('')
      expect(answer.costMsats).toBeGreaterThan(0n)
      seen.cost += answer.costMsats
      seen.calls += 1
      if (i % 3 !== 2) continue
      // The change of one call pays for the next: the mint itself says that it is good.
      cash = answer.change ?? ''
      const { faceSat, proofs } = purse.look(cash)
      seen.faceOut += faceSat
      if (i + 3 < CALLS) pay(faceSat, proofs)
    }
    handedOut.push(cash)

    const topup = await node.post(
      '/v1/wallet/topup',
      { cashu_token: await bring(333) },
      { authorization: `Bearer ${key}` },
    )
    expect(topup.status).toBe(200)
    const withdrawn = await node.post(
      '/v1/wallet/withdraw',
      { amount: 77 },
      { authorization: `Bearer ${key}` },
    )
    expect(withdrawn.body).toMatchObject({ amount: 77, unit: 'sat' })
    handedOut.push(String(withdrawn.body['cashu_token']))
    const refunded = await node.post('/v1/wallet/refund', {}, { authorization: `Bearer ${key}` })
    expect(refunded.status).toBe(200)
    handedOut.push(String(refunded.body['token']))
    seen.faceOut += purse.look(handedOut[1] ?? '').faceSat + purse.look(handedOut[2] ?? '').faceSat
    expect(seen.calls).toBe(CALLS)
  }, 240_000)

  test('change, withdrawn and refunded ecash is redeemed at the mint by cashu-ts', async () => {
    expect(handedOut).toHaveLength(3)
    for (const ecash of handedOut) {
      const { faceSat, netSat } = await purse.redeem(ecash)
      const { proofs } = purse.look(ecash)
      expect(netSat).toBe(faceSat - Math.ceil((proofs * FEE_PPK) / 1000))
    }
  }, 60_000)

  test('the books hold to the msat, and the mint agrees about every proof', async () => {
    await node.app.rooms.cashu.sweepIssued()
    const { storage, cashu } = node.app.rooms
    const { books, trial, accounts, proofs } = await storage.read(async (tx) => ({
      books: await cashu.books(tx),
      trial: await trialBalance(tx),
      accounts: await accountsOf(tx),
      proofs: await countProofs(tx),
    }))
    expect(books).toMatchObject({ isBalanced: true, running: 0, needAttention: 0 })
    expect(trial).toMatchObject({ sum: 0n, wrongAccounts: [], wrongHolds: 0, openHolds: 0 })

    const [at] = books.perMint
    expect(at).toMatchObject({ faceInSat: seen.faceIn, faceOutSat: seen.faceOut, issuedSat: 0 })
    const feesBorne = -accounts('expense:mint_fees')
    expect(accounts('income:usage')).toBe(seen.cost)
    const owed = accounts('wallet:') + accounts('payment:')
    const earned = accounts('income:usage') + accounts('income:rounding')
    const held = BigInt(at?.heldSat ?? 0) * 1000n
    expect(-accounts('asset:held:')).toBe(held)
    expect(held).toBe(owed + earned - feesBorne)
    expect(BigInt(seen.faceIn - seen.feesIn - seen.faceOut) * 1000n - feesBorne).toBe(held)

    const states = await cashu.statesAtMint(mint.url)
    expect(proofs).toBeGreaterThan(0)
    expect(states).toEqual({ unspent: proofs, spent: 0, pending: 0 })
  }, 60_000)
})

/** Sums of accounts by the beginning of their code, in msat, credit-positive, added up from the entries. */
async function accountsOf(tx: Tx): Promise<(prefix: string) => bigint> {
  const { rows } = await sql<{ code: string; total: bigint }>`
    SELECT code, coalesce(sum(amount_msat), 0) AS total FROM account
    LEFT JOIN entry ON entry.account_id = account.id GROUP BY code`.execute(tablesOf(tx))
  return (prefix) =>
    rows.filter(({ code }) => code.startsWith(prefix)).reduce((sum, { total }) => sum + total, 0n)
}

async function countProofs(tx: Tx): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    SELECT count(*) AS count FROM proof WHERE state IN ('ready', 'reserved', 'issued')`.execute(tablesOf(tx))
  return Number(rows[0]?.count ?? 0n)
}
