import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { App } from '../../src/app.ts'
import { readBooks } from '../../src/books.ts'
import { sql, Storage, tablesOf } from '../../src/storage/index.ts'
import { bearer } from '../support/money-claims.ts'
import { earned, faultsOf } from './support/books.ts'
import { ask, askAgain, jsonOf, type Question, type Seen, wordsOf } from './support/caller.ts'
import { type ChildNode, runChild, startChild } from './support/child-node.ts'
import { type Lab, openLab } from './support/lab.ts'
import { appOptions } from './support/options.ts'
import { isUnspent, redeem } from './support/purse.ts'
import { chat, createWallet, infoOf } from './support/questions.ts'

const SHOP = join(import.meta.dirname, 'support/shop-node.ts')
/** In three coins, for one sat of fee. */
const PAID_SAT = 100
const WALLET_SAT = 64
const killed = { code: null, signal: 'SIGKILL' }

const claimOf = (ecash: string): Question => ({ path: '/v1/wallet/refund', headers: { 'x-cashu': ecash } })
const claim = (baseUrl: string, ecash: string): Promise<Seen> => ask(baseUrl, claimOf(ecash))

async function openWallet(lab: Lab, baseUrl: string): Promise<string> {
  return createWallet(baseUrl, await lab.mint.mintEcash(WALLET_SAT))
}

/** All of it, in one ecash, the same however often it is asked for; and the call is not said to have cost anything. */
async function expectAllBack(lab: Lab, baseUrl: string, ecash: string): Promise<void> {
  const claimed = await claim(baseUrl, ecash)
  expect(claimed).toMatchObject({ status: 200 })
  expect(claimed.headers.get('x-routstr-cost-msats')).toBe('0')
  const change = String(jsonOf(claimed)['token'])
  expect(jsonOf(claimed)['sats']).toBe(String(PAID_SAT - 1))
  expect(jsonOf(await claim(baseUrl, ecash))['token']).toBe(change)
  expect(isUnspent(lab.mint, change)).toBe(true)
  expect(await redeem(lab.mint, change)).toBe(PAID_SAT - 1)
}

async function expectNothingTaken(app: App): Promise<void> {
  expect(await earned(app)).toBe(0n)
  expect(await faultsOf(app)).toEqual([])
  expect(await readBooks(app.rooms)).toMatchObject({ differences: [], revenue: 0n, rounding: 0n })
}

/** A one-shot call whose node died after its settlement, with nothing of the reply gone. */
async function dieSettled(lab: Lab): Promise<{ ecash: string; baseUrl: string }> {
  const child = await lab.start('call.settled')
  const ecash = await lab.mint.mintEcash(PAID_SAT)
  expect((await ask(child.baseUrl, chat({ 'x-cashu': ecash }))).kind).toBe('nothing')
  expect(await child.ended).toEqual(killed)
  return { ecash, baseUrl: child.baseUrl }
}

describe.concurrent('a node killed between the settlement and the reply', () => {
  test('keeps the charge of an answer that had left before another commit', async () => {
    await using lab = await openLab()
    const child = await lab.start('call.held:2')
    const key = await openWallet(lab, child.baseUrl)
    const served = await ask(child.baseUrl, chat(bearer(key)))
    expect(served).toMatchObject({ kind: 'answer', status: 200 })
    expect((await ask(child.baseUrl, chat(bearer(key)))).kind).toBe('nothing')
    expect(await child.ended).toEqual(killed)
    const app = await lab.reopen(child.baseUrl)
    const cost = Number(served.headers.get('x-routstr-cost-msats'))
    expect(cost).toBeGreaterThan(0)
    expect(await infoOf(child.baseUrl, key)).toMatchObject({
      balance: (WALLET_SAT - 1) * 1000 - cost,
      total_requests: 1,
    })
    expect(await faultsOf(app)).toEqual([])
  })

  test('and again while it gives the charge back, gives it back once', async () => {
    await using lab = await openLab()
    const { ecash, baseUrl } = await dieSettled(lab)
    for (let i = 0; i < 2; i += 1) {
      const died = await runChild({ settings: lab.settings({ FAILPOINT: 'recovery.returning' }) })
      expect(died).toMatchObject(killed)
    }
    const app = await lab.reopen(baseUrl)
    await expectAllBack(lab, baseUrl, ecash)
    await expectNothingTaken(app)
  })

  test('and killed again later, gives nothing back twice', async () => {
    await using lab = await openLab()
    const { ecash, baseUrl } = await dieSettled(lab)
    const second = await lab.start('call.held')
    const other = await lab.mint.mintEcash(PAID_SAT)
    expect((await ask(second.baseUrl, chat({ 'x-cashu': other }))).kind).toBe('nothing')
    expect(await second.ended).toEqual(killed)
    const app = await lab.reopen(baseUrl)
    await expectAllBack(lab, baseUrl, ecash)
    await expectAllBack(lab, baseUrl, other)
    await expectNothingTaken(app)
  })

  test('owes what comes back until the till can pay it, and pays it at its claim', async () => {
    await using lab = await openLab()
    const { ecash, baseUrl } = await dieWithOddTill(lab)
    lab.mint.faults.setFaults((path) => (path === '/v1/swap' ? 'drop_before' : undefined))
    await using app = await reopenImpatient(lab, baseUrl)
    expect(await earned(app)).toBe(0n)
    expect(await claim(baseUrl, ecash)).toMatchObject({ status: 503 })
    const called = jsonOf(await ask(baseUrl, chat({ 'x-cashu': ecash })))
    expect(called['error']).toMatchObject({ code: 'cashu_token_already_spent' })
    lab.mint.faults.setFaults(() => undefined)
    expect(await askAgain(baseUrl, claimOf(ecash))).toMatchObject({ status: 200 })
    await expectAllBack(lab, baseUrl, ecash)
    await expectNothingTaken(app)
  })

  test('owes what comes back until the till can pay it, and pays it unasked', async () => {
    await using lab = await openLab()
    const { ecash, baseUrl } = await dieWithOddTill(lab)
    await using app = await reopenImpatient(lab, baseUrl)
    expect(await waitingReturns(app)).toBe(1n)
    expect(await readBooks(app.rooms)).toMatchObject({ differences: [], revenue: 0n, rounding: 0n })
    await app.rooms.payments.payReturns()
    expect(await waitingReturns(app)).toBe(0n)
    lab.mint.faults.setFaults((path) => (path === '/v1/swap' ? 'drop_before' : undefined))
    expect(await claim(baseUrl, ecash)).toMatchObject({ status: 200 })
    lab.mint.faults.setFaults(() => undefined)
    await expectAllBack(lab, baseUrl, ecash)
    await expectNothingTaken(app)
  })

  test.each(['one-shot', 'ecash as key'])('gives a visitor of a paywall his money back (%s)', async (by) => {
    await using lab = await openLab()
    const script = [SHOP, lab.dataDir, lab.mint.url, lab.upstream.url, 'call.settled']
    const child = await startChild({ script })
    const ecash = await lab.mint.mintEcash(PAID_SAT)
    const headers = by === 'one-shot' ? { 'x-cashu': ecash } : bearer(ecash)
    expect((await ask(child.baseUrl, { method: 'GET', path: '/joke', headers })).kind).toBe('nothing')
    expect(await child.ended).toEqual(killed)
    const app = await lab.reopen(child.baseUrl)
    const back = jsonOf(await ask(child.baseUrl, { path: '/v1/wallet/refund', headers }))
    expect(await redeem(lab.mint, String(back['token']))).toBe(PAID_SAT - 1)
    await expectNothingTaken(app)
  })
})

/** A one-shot call as of `dieSettled`, and a till that has one large coin for it. */
async function dieWithOddTill(lab: Lab): Promise<{ ecash: string; baseUrl: string }> {
  const first = await lab.start()
  await openWallet(lab, first.baseUrl)
  expect(await first.stop()).toMatchObject({ code: 0 })
  const died = await dieSettled(lab)
  await leaveOnlyCoinsOf(32, lab.dataDir)
  return died
}

/** One that does not wait long for its mint before it says so. */
async function reopenImpatient(lab: Lab, baseUrl: string): Promise<App> {
  const app = await App.open({ ...appOptions(lab), mintWaitMs: 200 })
  await app.listen({ host: '127.0.0.1', port: Number(new URL(baseUrl).port) })
  return app
}

async function waitingReturns({ rooms }: App): Promise<bigint | undefined> {
  const found = await rooms.storage.read((tx) =>
    sql<{ count: bigint }>`SELECT count(*) AS count FROM payment WHERE state = 'returning'`.execute(
      tablesOf(tx),
    ),
  )
  return found.rows[0]?.count
}

/** The rest of the till is set aside for somebody. */
async function leaveOnlyCoinsOf(amountSat: number, dataDir: string): Promise<void> {
  await using storage = Storage.open(dataDir)
  await storage.transact((tx) =>
    sql`UPDATE proof SET state = 'reserved', owner = 'somebody'
      WHERE state = 'ready' AND amount_sat <> ${amountSat}`.execute(tablesOf(tx)),
  )
}

const keyed = (more: Record<string, string>): Question => chat({ 'idempotency-key': 'k-1', ...more })

async function die(lab: Lab, failpoint: string): Promise<{ child: ChildNode; key: string; first: Seen }> {
  const child = await lab.start(failpoint)
  const key = await openWallet(lab, child.baseUrl)
  const first = await ask(child.baseUrl, keyed(bearer(key)))
  expect(await child.ended).toEqual(killed)
  return { child, key, first }
}

describe.concurrent('a call with an Idempotency-Key, its node killed after the settlement', () => {
  test('runs again where its answer was not stored, and is paid once', async () => {
    await using lab = await openLab()
    const { child, key, first } = await die(lab, 'call.settled')
    expect(first.kind).toBe('nothing')
    const app = await lab.reopen(child.baseUrl)
    expect(await earned(app)).toBe(0n)
    const again = await ask(child.baseUrl, keyed(bearer(key)))
    expect(again).toMatchObject({ status: 200 })
    expect(again.headers.get('idempotency-replayed')).toBeNull()
    expect(await earned(app)).toBe(BigInt(again.headers.get('x-routstr-cost-msats') ?? 0))
    expect(await infoOf(child.baseUrl, key)).toMatchObject({ total_requests: 1 })
    expect(await faultsOf(app)).toEqual([])
  })

  test('is answered from the store where its answer was stored, and stays paid', async () => {
    await using lab = await openLab()
    const { child, key } = await die(lab, 'call.changed')
    const app = await lab.reopen(child.baseUrl)
    const taken = await earned(app)
    expect(taken).toBeGreaterThan(0n)
    const again = await ask(child.baseUrl, keyed(bearer(key)))
    expect(wordsOf(again)).not.toBe('')
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await earned(app)).toBe(taken)
    expect(await faultsOf(app)).toEqual([])
  })

  test('says where the money is, paid by one-shot ecash whose answer was not stored', async () => {
    await using lab = await openLab()
    const child = await lab.start('call.settled')
    const ecash = await lab.mint.mintEcash(PAID_SAT)
    const question = keyed({ 'x-cashu': ecash })
    expect((await ask(child.baseUrl, question)).kind).toBe('nothing')
    expect(await child.ended).toEqual(killed)
    const app = await lab.reopen(child.baseUrl)
    const again = jsonOf(await ask(child.baseUrl, question))
    expect(again['error']).toMatchObject({ code: 'cashu_token_already_spent' })
    await expectAllBack(lab, child.baseUrl, ecash)
    await expectNothingTaken(app)
  })
})
