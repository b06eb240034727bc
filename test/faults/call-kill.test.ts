import { beforeAll, describe, expect, test } from 'vitest'
import { CALL_FAILPOINTS } from '../../src/proxy/index.ts'
import { coinsOf, isUnspent, redeem } from './support/purse.ts'
import { earned, faultsOf } from './support/books.ts'
import { ask, askAgain, jsonOf, mayRepeat, type Question, type Seen, wordsOf } from './support/caller.ts'
import type { ChildNode } from './support/child-node.ts'
import { type Lab, openLab } from './support/lab.ts'
import { createWallet } from './support/questions.ts'

const PROMPT = 'Tell me of trains'
const PAID_SAT = 100
const WALLET_SAT = 64

type Payer = 'key' | 'one-shot' | 'one-shot, change later'

/** How often the caller is charged in the end, his SDK's retry included, and how much of an answer he has. */
interface Expected {
  readonly charged: number
  readonly answer: 'whole' | 'part' | 'none'
}

const question = (stream: boolean, headers: Record<string, string>): Question => ({
  path: '/v1/chat/completions',
  headers,
  body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: PROMPT }], max_tokens: 40, stream },
})
const whole = { charged: 1, answer: 'whole' } as const
const part = { charged: 0, answer: 'part' } as const
/** No commit has told yet that the reply left: the last answers before a crash are given away, never charged for twice. */
const givenAway = { charged: 0, answer: 'whole' } as const
const unpaid = { charged: 0, answer: 'none' } as const

/** Whoever pays from a wallet is served by his retry, unless a stream had begun. */
const byKey: Readonly<Record<string, readonly [stream: Expected | undefined, kept: Expected | undefined]>> = {
  'call.admitted': [whole, whole],
  'call.held': [whole, whole],
  'call.upstream-sent': [whole, whole],
  'call.upstream-answered': [whole, whole],
  // The head waits for its first piece to be written, so at the first visit nothing has left.
  'call.first-byte': [whole, undefined],
  'call.first-byte:4': [part, undefined],
  'call.upstream-ended': [part, whole],
  'call.served': [part, whole],
  // Nothing of the kept reply left: its charge is given back, so that the retry pays for the one answer there is.
  'call.settled': [{ charged: 1, answer: 'part' }, whole],
  'call.changed': [whole, givenAway],
}
/** Ecash pays for one call; where that was never served, all of it comes back. */
const byEcash: typeof byKey = {
  'call.admitted': [unpaid, unpaid],
  'call.held': [unpaid, unpaid],
  'call.upstream-sent': [unpaid, unpaid],
  'call.upstream-answered': [unpaid, unpaid],
  'call.first-byte': [unpaid, undefined],
  'call.first-byte:4': [part, undefined],
  'call.upstream-ended': [part, unpaid],
  'call.served': [part, unpaid],
  'call.settled': [{ charged: 1, answer: 'part' }, unpaid],
  'call.changed': [whole, givenAway],
}

const cases = Object.entries(byKey).flatMap(([failpoint, [stream, kept]]) => {
  const [oneShotStream, oneShotKept] = byEcash[failpoint] ?? []
  const all: [Payer, boolean, Expected | undefined][] = [
    ['key', true, stream],
    ['key', false, kept],
    ['one-shot, change later', true, oneShotStream],
    ['one-shot', false, oneShotKept],
  ]
  return all.flatMap(([payer, isStream, expected]) =>
    expected ? [{ failpoint, payer, isStream, expected }] : [],
  )
})

const hit = new Set<string>()
let cost: number
beforeAll(async () => {
  await using lab = await openLab()
  const child = await lab.start()
  cost = await costOfOneCall(lab, child.baseUrl)
  await child.stop()
})

describe.concurrent('a node killed along a paid call charges what was delivered, once', () => {
  test.each(cases)('at $failpoint, paid by $payer (stream: $isStream)', async (row) => {
    await using lab = await openLab({ upstream: { behave: { delayMs: 2 } } })
    const child = await lab.start(row.failpoint)
    const means = await payWith(lab, child, row.payer)
    const asked = question(row.isStream, means.headers)
    const first = await ask(child.baseUrl, asked)
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' })
    hit.add(row.failpoint.replace(/:.*/, ''))

    const app = await lab.reopen(child.baseUrl)
    const last = mayRepeat(first) ? await askAgain(child.baseUrl, asked) : first
    expect(answerIn(last)).toBe(row.expected.answer)
    const chargedMsat = cost * row.expected.charged
    expect(await earned(app)).toBe(BigInt(chargedMsat))
    await means.check({ child, last, chargedMsat })
    expect(await faultsOf(app)).toEqual([])
  })
})

interface Outcome {
  readonly child: ChildNode
  readonly last: Seen
  readonly chargedMsat: number
}

interface Means {
  readonly headers: Record<string, string>
  check(outcome: Outcome): Promise<void>
}

async function payWith(lab: Lab, child: ChildNode, payer: Payer): Promise<Means> {
  if (payer === 'one-shot' || payer === 'one-shot, change later') return payOnce(lab, payer)
  const ecash = await lab.mint.mintEcash(WALLET_SAT)
  const headers = { authorization: `Bearer ${await createWallet(child.baseUrl, ecash)}` }
  return {
    headers,
    async check({ chargedMsat }) {
      const info = jsonOf(await ask(child.baseUrl, { method: 'GET', path: '/v1/wallet/info', headers }))
      expect(info).toMatchObject({ balance: (WALLET_SAT - 1) * 1000 - chargedMsat, reserved: 0 })
    },
  }
}

async function payOnce(lab: Lab, payer: Payer): Promise<Means> {
  const ecash = await lab.mint.mintEcash(PAID_SAT)
  const later = payer === 'one-shot, change later' && { 'x-cashu-change': 'later' }
  return {
    headers: { 'x-cashu': ecash, ...later },
    async check({ child, last, chargedMsat }) {
      const refund: Question = { path: '/v1/wallet/refund', headers: { 'x-cashu': ecash } }
      const [claimed, again] = [await ask(child.baseUrl, refund), await ask(child.baseUrl, refund)]
      expect(claimed).toMatchObject({ status: 200 })
      const change = String(jsonOf(claimed)['token'])
      expect(jsonOf(again)['token']).toBe(change)
      const inReply = last.status === 200 ? last.headers.get('x-cashu') : null
      if (chargedMsat > 0) expect(inReply ?? change).toBe(change)
      else if (inReply !== null) expect(coinsOf(change)).toEqual(expect.arrayContaining(coinsOf(inReply)))
      expect(claimed.headers.get('x-routstr-cost-msats')).toBe(String(chargedMsat))
      expect(isUnspent(lab.mint, change)).toBe(true)
      expect(await redeem(lab.mint, change)).toBe(PAID_SAT - 1 - Math.ceil(chargedMsat / 1000))
    },
  }
}

function answerIn(seen: Seen): Expected['answer'] {
  const words = seen.status === 200 ? wordsOf(seen) : ''
  if (words === '') return 'none'
  const isWhole = seen.kind === 'answer' && (seen.text.includes('[DONE]') || !seen.text.startsWith('data:'))
  return isWhole ? 'whole' : 'part'
}

/** What the question costs where nothing goes wrong. */
async function costOfOneCall(lab: Lab, baseUrl: string): Promise<number> {
  const key = await createWallet(baseUrl, await lab.mint.mintEcash(WALLET_SAT))
  const served = await ask(baseUrl, question(false, { authorization: `Bearer ${key}` }))
  expect(served).toMatchObject({ status: 200 })
  const msats = Number(served.headers.get('x-routstr-cost-msats'))
  expect(msats).toBeGreaterThan(0)
  return msats
}

test('every step of a call has killed a node', () => {
  const expected = CALL_FAILPOINTS.filter((name) => name.startsWith('call.'))
  expect([...hit].toSorted()).toEqual(expected.toSorted())
})
