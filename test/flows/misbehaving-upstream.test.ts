import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Misbehaviour, MISBEHAVIOURS, type MisbehaviourName } from '../../src/demo/index.ts'
import {
  balanceOf,
  chargeOf,
  type Counts,
  eventsOf,
  expectBalancedBooks,
  openWallet,
  satsIn,
} from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const LIMIT = 50
const PAID_SAT = 100
/** 100 sat are 64 + 32 + 4: three proofs at 100 ppk. */
const FEE_SAT = 1

// The double counts a token for each word of the answer, and 3 + 4 + 3 for the prompt.
const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const REPORTED: Counts = { input: 10, output: 20 }
/** ⌈21 / 4⌉ for "user" and "Tell me of trains", ⌈99 / 4⌉ for the answer. */
const ESTIMATED: Counts = { input: 6, output: 25 }
/** Of 22 content chunks (role, 20 words, end) half leave: ten words, 49 characters. */
const HALF: Counts = { input: 6, output: 13 }

/** How a call ends for its caller, and the units he owes. */
type End =
  | { readonly kind: 'answer'; readonly owes: Counts }
  | { readonly kind: 'broken'; readonly owes: Counts; readonly code: string }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }

const answer = (owes: Counts): End => ({ kind: 'answer', owes })
const broken = (owes: Counts, code = 'UPSTREAM_UNAVAILABLE'): End => ({ kind: 'broken', owes, code })
const refused = (status: number, code: string): End => ({ kind: 'refused', status, code })
const failed = refused(424, 'UPSTREAM_UNAVAILABLE')
const timedOut = refused(424, 'UPSTREAM_TIMEOUT')

interface Row {
  readonly whole: End
  /** A stream that leaves as it comes. */
  readonly live: End
  /** A stream that waits for the change of its one-shot payer. */
  readonly kept: End
}
const same = (end: End): Row => ({ whole: end, live: end, kept: end })

const TABLE: Readonly<Record<Exclude<MisbehaviourName, 'slow' | 'calls_tool'>, Row>> = {
  none: same(answer(REPORTED)),
  usage_absent: same(answer(ESTIMATED)),
  usage_null: same(answer(ESTIMATED)),
  usage_zero: same(answer(ESTIMATED)),
  usage_negative: same(answer(ESTIMATED)),
  usage_fraction: same(answer(ESTIMATED)),
  usage_text: same(answer(ESTIMATED)),
  usage_on_last_content: same(answer(REPORTED)),
  // Bounds: 36 bytes of messages as JSON, 3 and 8 for the template, and the limit.
  usage_huge: same(answer({ input: 47, output: LIMIT })),
  ignores_limit: {
    whole: answer({ input: 10, output: LIMIT }),
    live: broken({ input: 6, output: LIMIT }, 'output_limit_passed'),
    kept: refused(424, 'output_limit_passed'),
  },
  cut_before_head: same(failed),
  cut_after_head: same(failed),
  cut_mid_content: { whole: failed, live: broken(HALF), kept: failed },
  // All of the answer has come by then, but not what it cost: nobody who waited for the end is charged for it.
  cut_before_usage: { whole: failed, live: answer(ESTIMATED), kept: failed },
  cut_before_done: { whole: failed, live: answer(REPORTED), kept: answer(REPORTED) },
  hang_before_head: same(timedOut),
  hang_mid_stream: { whole: timedOut, live: broken(HALF), kept: timedOut },
  no_done: same(answer(REPORTED)),
  crlf: same(answer(REPORTED)),
  bytewise: same(answer(REPORTED)),
  error_first: same(failed),
  error_in_stream: { whole: failed, live: broken(HALF), kept: failed },
  status_400: same(refused(400, 'upstream_rejected')),
  status_401: same(failed),
  status_402: same(failed),
  status_403: same(failed),
  status_404: same(refused(404, 'upstream_rejected')),
  status_422: same(refused(422, 'upstream_rejected')),
  status_429: same(refused(429, 'UPSTREAM_RATE_LIMIT')),
  status_500: same(failed),
  status_503: same(failed),
  garbage: same(failed),
  html: same(failed),
  redirect: same(failed),
  gzip: same(failed),
  payment_headers: same(answer(REPORTED)),
}
const ROWS = Object.entries(TABLE)

let node: TestNode
let key: string
beforeAll(async () => {
  const timeouts = { firstByteMs: 400, wholeFirstByteMs: 400, idleMs: 400, totalMs: 10_000 }
  node = await startTestNode({ app: { timeouts }, upstream: { answer: () => ANSWER } })
  key = await openWallet(node, 1000)
})
afterAll(() => node[Symbol.asyncDispose]())

interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function call(row: string, stream: boolean, payer: Record<string, string>): Promise<Answered> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a row of the table above
  const how: Misbehaviour = MISBEHAVIOURS[row as MisbehaviourName]
  // Who goes on for ever must not have said it all before the node reads it.
  node.upstream.behave(how.ignoreLimit === true ? { ...how, delayMs: 1 } : how)
  const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...payer },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Tell me of trains' }],
      max_tokens: LIMIT,
      stream,
    }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function owedFor(end: End): number {
  return end.kind === 'refused' ? 0 : chargeOf(end.owes)
}

/** A status, a whole stream or JSON, and one error shape; nothing of what the upstream says about money or itself. */
function expectShape(reply: Answered, end: End, stream: boolean): void {
  expect(reply.status).toBe(end.kind === 'refused' ? end.status : 200)
  expectOnlyOurs(reply)
  if (end.kind === 'refused') expectProblem(reply, end)
  else if (stream) expectStream(reply, end)
  else expectWhole(reply)
}

function expectWhole({ text }: Answered): void {
  expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion', choices: [{}] })
}

/** It ends with the one `[DONE]`, or with an error and none. */
function expectStream({ text, headers }: Answered, end: Exclude<End, { kind: 'refused' }>): void {
  expect(headers.get('content-type')).toContain('text/event-stream')
  const events = eventsOf(text)
  const done = events.filter((event) => event === '[DONE]')
  const error = { error: { code: end.kind === 'broken' && end.code, type: 'upstream_error' } }
  expect([events.at(-1), done.length]).toMatchObject(end.kind === 'answer' ? ['[DONE]', 1] : [error, 0])
}

function expectProblem(
  { text, headers }: Answered,
  { status, code }: { status: number; code: string },
): void {
  const body: unknown = JSON.parse(text)
  const id = headers.get('x-request-id')
  expect(body).toMatchObject({ error: { code }, detail: { error: { code } }, request_id: id })
  const isUpstreams = status === 424 || status === 429
  expect(headers.get('x-routstr-error-scope')).toBe(isUpstreams ? 'upstream' : null)
  if (status === 429) expect(headers.get('retry-after')).toBe('2')
}

function expectOnlyOurs({ text, headers }: Answered): void {
  expect(headers.get('set-cookie')).toBeNull()
  expect(headers.get('www-authenticate')).toBeNull()
  expect(headers.get('location')).toBeNull()
  expect(headers.get('x-routstr-request-id')).toMatch(/^call_/)
  expect(headers.get('x-cashu') ?? '').not.toContain('Upstream')
  expect(text).not.toContain('sk-upstream')
}

function expectCostHeader({ headers }: Answered, end: End): void {
  const cost = end.kind === 'answer' ? String(chargeOf(end.owes)) : null
  expect(headers.get('x-routstr-cost-msats')).toBe(cost)
  const isEstimate = end.kind === 'answer' && end.owes === ESTIMATED
  expect(headers.get('x-farebox-estimated')).toBe(isEstimate ? 'yes' : null)
}

/** Where an error gives its refund. */
function refundsIn({ text }: Answered): unknown[] {
  const { error, detail } = JSON.parse(text)
  return [error.refund_token, detail.error.refund_token]
}

describe('the arithmetic of this table', () => {
  test('is the price of gpt-4o-mini with ten percent, rounded up', () => {
    expect(chargeOf(REPORTED)).toBe(15)
    expect(chargeOf(ESTIMATED)).toBe(18)
    expect(chargeOf(HALF)).toBe(10)
    expect(chargeOf({ input: 47, output: LIMIT })).toBe(41)
  })

  test('has a row for every way in which the double misbehaves', () => {
    const rows = new Set([...Object.keys(TABLE), 'slow', 'calls_tool'])
    expect(Object.keys(MISBEHAVIOURS).filter((name) => !rows.has(name))).toEqual([])
  })
})

describe('an sk- key pays what is due and no more', () => {
  test.each(ROWS)('%s, whole', async (name, { whole }) => {
    const before = await balanceOf(node, key)
    const reply = await call(name, false, { authorization: `Bearer ${key}` })
    expectShape(reply, whole, false)
    expectCostHeader(reply, whole)
    expect(reply.headers.get('x-cashu')).toBeNull()
    expect(before - (await balanceOf(node, key))).toBe(owedFor(whole))
    await expectBalancedBooks(node)
  })

  test.each(ROWS)('%s, streamed', async (name, { live }) => {
    const before = await balanceOf(node, key)
    const reply = await call(name, true, { authorization: `Bearer ${key}` })
    expectShape(reply, live, true)
    expect(reply.headers.get('x-cashu')).toBeNull()
    expect(before - (await balanceOf(node, key))).toBe(owedFor(live))
    await expectBalancedBooks(node)
  })
})

describe('a one-shot payer gets the rest back', () => {
  const rows = ROWS.flatMap(([name, { whole, kept }]) => [
    [name, 'whole', whole] as const,
    [name, 'streamed', kept] as const,
  ])

  test.each(rows)('%s, %s', async (name, form, end) => {
    const ecash = await node.mint.mintEcash(PAID_SAT)
    const reply = await call(name, form === 'streamed', { 'x-cashu': ecash })
    expectShape(reply, end, form === 'streamed')
    expectCostHeader(reply, end)
    const change = String(reply.headers.get('x-cashu'))
    expect(change).toMatch(/^cashuB/)
    expect(satsIn(change)).toBe(PAID_SAT - FEE_SAT - Math.ceil(owedFor(end) / 1000))
    expect(end.kind === 'refused' ? refundsIn(reply) : [change, change]).toEqual([change, change])
    const again = await node.post('/v1/wallet/refund', {}, { 'x-cashu': ecash })
    expect(again).toMatchObject({ status: 200, body: { token: change } })
    expect(again.headers.get('x-routstr-cost-msats')).toBe(String(owedFor(end)))
    await expectBalancedBooks(node)
  })
})
