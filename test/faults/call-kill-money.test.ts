import { describe, expect, test } from 'vitest'
import { CASHU_FAILPOINTS } from '../../src/cashu/index.ts'
import type { PlayMint } from '../../src/demo/index.ts'
import { bearer } from '../support/money-claims.ts'
import { isUnspent, redeem } from './support/purse.ts'
import { chat, createWallet, infoOf } from './support/questions.ts'
import { earned, faultsOf } from './support/books.ts'
import { ask, askAgain, jsonOf, type Question } from './support/caller.ts'
import { type Lab, openLab } from './support/lab.ts'

const ECASH_SAT = 64
/** What is credited of it, after the mint's fee. */
const NET_SAT = 63
/** In three coins, for one sat of fee. */
const PAYMENT_SAT = 100

/** What goes wrong at the mint, so that a step is reached at all. */
type Trouble = 'none' | 'reply lost' | 'rotation'

/** Receives and sends pass the same steps. */
const steps: readonly [step: string, trouble: Trouble][] = [
  ['planned', 'none'],
  ['saved', 'none'],
  ['posted', 'none'],
  ['signed', 'none'],
  ['committed', 'none'],
  ['restoring', 'reply lost'],
  ['restored', 'reply lost'],
  ['replanned', 'rotation'],
]

const hit = new Set<string>()

function makeTrouble(mint: PlayMint, trouble: Trouble): void {
  if (trouble === 'reply lost') mint.faults.failNext('/v1/swap', 'drop_after')
  if (trouble !== 'rotation') return
  let isDone = false
  mint.faults.setFaults((path) => {
    if (path === '/v1/swap' && !isDone) {
      isDone = true
      mint.rotate()
    }
    return undefined
  })
}

async function openWallet(lab: Lab, baseUrl: string): Promise<string> {
  return createWallet(baseUrl, await lab.mint.mintEcash(ECASH_SAT))
}

interface Died {
  readonly failpoint: string
  readonly question: Question
  readonly baseUrl: string
}

/** Asks, sees the node die there, starts it again and asks again as an SDK does. */
async function askThroughDeath(lab: Lab, child: Awaited<ReturnType<Lab['start']>>, died: Died) {
  expect((await ask(died.baseUrl, died.question)).kind).toBe('nothing')
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' })
  hit.add(died.failpoint)
  const app = await lab.reopen(died.baseUrl)
  return { app, again: await askAgain(died.baseUrl, died.question) }
}

const refundOf = (baseUrl: string, ecash: string) =>
  ask(baseUrl, { path: '/v1/wallet/refund', headers: { 'x-cashu': ecash } })

describe.concurrent('a node killed while it takes ecash in credits it once', () => {
  test.each(steps)('as a key, at receive.%s (%s)', async (step, trouble) => {
    await using lab = await openLab()
    const failpoint = `receive.${step}`
    const child = await lab.start(failpoint)
    const { baseUrl } = child
    const ecash = await lab.mint.mintEcash(ECASH_SAT)
    makeTrouble(lab.mint, trouble)
    const question: Question = { method: 'GET', path: '/v1/wallet/info', headers: bearer(ecash) }
    const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
    expect(jsonOf(again)).toMatchObject({ balance: NET_SAT * 1000, reserved: 0 })
    const books = await app.rooms.storage.read((tx) => app.rooms.cashu.books(tx))
    expect(books.perMint).toMatchObject([{ heldSat: NET_SAT }])
    expect(await faultsOf(app)).toEqual([])
  })

  test.each(steps)('as a top-up, at receive.%s (%s)', async (step, trouble) => {
    await using lab = await openLab()
    const failpoint = `receive.${step}`
    // Every plain receive passes these steps, so the wallet's own has passed them before.
    const child = await lab.start(trouble === 'none' ? `${failpoint}:2` : failpoint)
    const { baseUrl } = child
    const key = await openWallet(lab, baseUrl)
    const ecash = await lab.mint.mintEcash(ECASH_SAT)
    makeTrouble(lab.mint, trouble)
    const question = { path: '/v1/wallet/topup', headers: bearer(key), body: { cashu_token: ecash } }
    const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
    expect(jsonOf(again)).toMatchObject({ amount_added: NET_SAT, balance: 2 * NET_SAT })
    expect(await infoOf(baseUrl, key)).toMatchObject({ balance: 2 * NET_SAT * 1000 })
    expect(await faultsOf(app)).toEqual([])
  })

  test.each(steps.filter(([step]) => step !== 'committed'))(
    'for one call, at receive.%s (%s): the retry joins it, and is the call',
    async (step, trouble) => {
      await using lab = await openLab()
      const failpoint = `receive.${step}`
      const child = await lab.start(failpoint)
      const { baseUrl } = child
      const ecash = await lab.mint.mintEcash(PAYMENT_SAT)
      makeTrouble(lab.mint, trouble)
      const question = chat({ 'x-cashu': ecash })
      const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
      expect(again).toMatchObject({ status: 200 })
      const change = String(jsonOf(await refundOf(baseUrl, ecash))['token'])
      expect(change).toBe(again.headers.get('x-cashu'))
      expect(await earned(app)).toBe(BigInt(again.headers.get('x-routstr-cost-msats') ?? -1))
      expect(isUnspent(lab.mint, change)).toBe(true)
      expect(await faultsOf(app)).toEqual([])
    },
  )

  test('for one call, at receive.committed: all of it comes back, and the retry says where', async () => {
    await using lab = await openLab()
    const failpoint = 'receive.committed'
    const child = await lab.start(failpoint)
    const { baseUrl } = child
    const ecash = await lab.mint.mintEcash(PAYMENT_SAT)
    const question = chat({ 'x-cashu': ecash })
    const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
    expect(jsonOf(again)['error']).toMatchObject({ code: 'cashu_token_already_spent' })
    const refund = jsonOf(await refundOf(baseUrl, ecash))
    expect(refund['sats']).toBe(String(PAYMENT_SAT - 1))
    expect(isUnspent(lab.mint, String(refund['token']))).toBe(true)
    expect(await earned(app)).toBe(0n)
    expect(await faultsOf(app)).toEqual([])
  })
})

const thefts = ['refusing', 'refused'].flatMap((step) =>
  (['a key', 'a top-up', 'the payment of a call'] as const).map((use) => ({ step, use })),
)

describe.concurrent('ecash that somebody else has spent is credited to nobody, killed or not', () => {
  test.each(thefts)('as $use, at receive.$step', async ({ step, use }) => {
    await using lab = await openLab()
    const failpoint = `receive.${step}`
    const child = await lab.start(failpoint)
    const { baseUrl } = child
    const key = await openWallet(lab, baseUrl)
    const ecash = await lab.mint.mintEcash(PAYMENT_SAT)
    lab.mint.mark(ecash, 'SPENT')
    const questions: Record<typeof use, Question> = {
      'a key': { method: 'GET', path: '/v1/wallet/info', headers: bearer(ecash) },
      'a top-up': { path: '/v1/wallet/topup', headers: bearer(key), body: { cashu_token: ecash } },
      'the payment of a call': chat({ 'x-cashu': ecash }),
    }
    const question = questions[use]
    const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
    const code = use === 'a key' ? 'invalid_api_key' : 'cashu_token_already_spent'
    expect(jsonOf(again)['error']).toMatchObject({ code })
    expect(jsonOf(await refundOf(baseUrl, ecash))).toHaveProperty('error')
    expect(await infoOf(baseUrl, key)).toMatchObject({ balance: NET_SAT * 1000 })
    expect(await faultsOf(app)).toEqual([])
  })
})

/** Two wallets, and no coin of 1 sat in the till: an odd amount needs a swap. */
async function drainSmallCoins(lab: Lab, baseUrl: string): Promise<void> {
  const other = await openWallet(lab, baseUrl)
  for (let i = 0; i < 2; i += 1) {
    const one = await ask(baseUrl, {
      path: '/v1/wallet/withdraw',
      headers: bearer(other),
      body: { amount: 1 },
    })
    expect(one).toMatchObject({ status: 200 })
  }
}

const payouts = [
  { name: 'a withdrawal', path: '/v1/wallet/withdraw', amount: 5, member: 'cashu_token' },
  { name: 'a refund', path: '/v1/wallet/refund', amount: NET_SAT, member: 'token' },
] as const
const payoutCases = payouts.flatMap((payout) => [
  ...steps.map(([step, trouble]) => ({ ...payout, step, trouble })),
  { ...payout, step: 'local', trouble: 'none' as const },
])

describe.concurrent('a node killed while it pays out pays once', () => {
  test.each(payoutCases)('$name, at send.$step ($trouble)', async (row) => {
    await using lab = await openLab()
    const failpoint = `send.${row.step}`
    const isLocal = row.step === 'local'
    // The two small withdrawals that make a swap necessary are paid from coins at hand.
    const child = await lab.start(failpoint)
    const { baseUrl } = child
    const key = await openWallet(lab, baseUrl)
    if (!isLocal) await drainSmallCoins(lab, baseUrl)
    makeTrouble(lab.mint, row.trouble)
    const headers = { ...bearer(key), 'idempotency-key': 'payout-1' }
    const body = row.member === 'token' ? {} : { amount: row.amount }
    const question = { path: row.path, headers, body }
    const { app, again } = await askThroughDeath(lab, child, { failpoint, question, baseUrl })
    expect(again).toMatchObject({ status: 200 })
    const ecash = String(jsonOf(again)[row.member])
    expect(jsonOf(await ask(baseUrl, question))[row.member]).toBe(ecash)
    expect(isUnspent(lab.mint, ecash)).toBe(true)
    expect(await infoOf(baseUrl, key)).toMatchObject({ balance: (NET_SAT - row.amount) * 1000 })
    expect(await redeem(lab.mint, ecash)).toBe(row.amount)
    expect(await faultsOf(app)).toEqual([])
  })
})

test('every step of a receive and a send has killed a node', () => {
  const expected = CASHU_FAILPOINTS.filter((name) => !name.startsWith('sweep.'))
  expect([...hit].toSorted()).toEqual(expected.toSorted())
})
