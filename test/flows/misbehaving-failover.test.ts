import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type MisbehaviourName, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { balanceOf, chargeOf, expectBalancedBooks, openWallet, satsIn } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
/** At the margin of ten percent that the first choice has. */
const REPORTED = chargeOf({ input: 10, output: 20 })
const HALF = chargeOf({ input: 6, output: 13 })

interface Pair extends AsyncDisposable {
  readonly node: TestNode
  readonly first: Upstream
  readonly second: Upstream
}

/** The second is dearer, so that a charge at its price would show. */
let pair: Pair
const counted = { first: 0, second: 0 }
beforeAll(async () => {
  pair = await startPair(1000, 5000)
})
afterEach(() => {
  pair.first.behave(undefined)
  pair.second.behave(undefined)
  counted.first = pair.first.stats.calls
  counted.second = pair.second.stats.calls
})
afterAll(() => pair[Symbol.asyncDispose]())

/** Two upstreams that sell the same models, in this order, at these margins (basis points). */
async function startPair(firstBp = 1000, secondBp = 1000): Promise<Pair> {
  const first = await startUpstream({ answer: () => ANSWER })
  const second = await startUpstream({ answer: () => ANSWER })
  const common = { type: 'openai', key: undefined, prices: 'openai' }
  const node = await startTestNode({
    app: {
      upstreams: [
        { ...common, id: 'first', url: first.url, marginBp: firstBp, order: 0 },
        { ...common, id: 'second', url: second.url, marginBp: secondBp, order: 1 },
      ],
      timeouts: { firstByteMs: 300, wholeFirstByteMs: 300, idleMs: 300, totalMs: 10_000 },
    },
  })
  const dispose = async (): Promise<void> => {
    await node[Symbol.asyncDispose]()
    await Promise.all([first.close(), second.close()])
  }
  return { node, first, second, [Symbol.asyncDispose]: dispose }
}

const request = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Tell me of trains' }],
  max_tokens: 50,
}

async function ask({ node }: Pair, payer: Record<string, string>): Promise<TestReply> {
  return node.post('/v1/chat/completions', request, payer)
}

async function askStream({ node }: Pair, payer: Record<string, string>): Promise<string> {
  const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...payer },
    body: JSON.stringify({ ...request, stream: true }),
  })
  return response.text()
}

const callsOf = ({ first, second }: Pair): number[] => [first.stats.calls, second.stats.calls]
/** The calls of one test at the pair that all share. */
const callsSince = (): number[] => [
  pair.first.stats.calls - counted.first,
  pair.second.stats.calls - counted.second,
]

describe('the same model at two upstreams', () => {
  test('is bought where it is sold cheapest, also when that one is listed last', async () => {
    await using own = await startPair(2000, 1000)
    const key = await openWallet(own.node, 100)
    const before = await balanceOf(own.node, key)
    expect(await ask(own, { authorization: `Bearer ${key}` })).toMatchObject({ status: 200 })
    expect(callsOf(own)).toEqual([0, 1])
    expect(before - (await balanceOf(own.node, key))).toBe(REPORTED)
  })

  test('is bought at the one listed first where the price is equal', async () => {
    await using own = await startPair()
    const key = await openWallet(own.node, 100)
    await ask(own, { authorization: `Bearer ${key}` })
    expect(callsOf(own)).toEqual([1, 0])
  })
})

/** What goes wrong before anything of an answer has left, and whether a whole reply is asked for. */
const before: readonly (readonly [MisbehaviourName, 'whole' | 'stream'])[] = [
  ['status_500', 'whole'],
  ['status_500', 'stream'],
  ['status_503', 'whole'],
  ['status_429', 'whole'],
  ['status_429', 'stream'],
  ['status_401', 'whole'],
  ['status_402', 'whole'],
  ['cut_before_head', 'whole'],
  ['cut_before_head', 'stream'],
  ['cut_after_head', 'stream'],
  ['cut_mid_content', 'whole'],
  ['hang_before_head', 'whole'],
  ['hang_before_head', 'stream'],
  ['error_first', 'stream'],
  ['garbage', 'whole'],
  ['garbage', 'stream'],
  ['html', 'stream'],
  ['redirect', 'whole'],
  ['gzip', 'stream'],
]

describe('another upstream serves before the first byte', () => {
  test.each(before)(
    'after %s (%s): one answer, charged once at the price that was shown',
    async (fault, form) => {
      pair.first.behave(fault)
      const key = await openWallet(pair.node, 100)
      const had = await balanceOf(pair.node, key)
      const payer = { authorization: `Bearer ${key}` }
      const text = form === 'stream' ? await askStream(pair, payer) : JSON.stringify(await ask(pair, payer))
      expect(text.split('word')).toHaveLength(21)
      expect(text).not.toContain('overloaded')
      expect(callsSince()).toEqual([1, 1])
      expect(had - (await balanceOf(pair.node, key))).toBe(REPORTED)
      await expectBalancedBooks(pair.node)
    },
  )

  test('after a connection that does not come about', async () => {
    await using own = await startPair()
    await own.first.close()
    const key = await openWallet(own.node, 100)
    expect(await ask(own, { authorization: `Bearer ${key}` })).toMatchObject({ status: 200 })
    expect(own.second.stats.calls).toBe(1)
  })

  test('for a one-shot payer also in the middle of the stream that waits for his change', async () => {
    pair.first.behave('cut_mid_content')
    const ecash = await pair.node.mint.mintEcash(100)
    expect((await askStream(pair, { 'x-cashu': ecash })).split('word')).toHaveLength(21)
    expect(callsSince()).toEqual([1, 1])
    const claim = await pair.node.post('/v1/wallet/refund', {}, { 'x-cashu': ecash })
    expect(satsIn(String(claim.body['token']))).toBe(98)
  })
})

describe('no other upstream is asked', () => {
  test.each(['cut_mid_content', 'hang_mid_stream', 'error_in_stream'] as const)(
    'once a byte has left (%s): what was delivered is charged',
    async (fault) => {
      pair.first.behave(fault)
      const key = await openWallet(pair.node, 100)
      const had = await balanceOf(pair.node, key)
      const text = await askStream(pair, { authorization: `Bearer ${key}` })
      expect(text.split('word')).toHaveLength(11)
      expect(callsSince()).toEqual([1, 0])
      expect(had - (await balanceOf(pair.node, key))).toBe(HALF)
    },
  )

  test.each(['status_400', 'status_404', 'status_422'] as const)(
    'when the request is at fault (%s)',
    async (fault) => {
      pair.first.behave(fault)
      const key = await openWallet(pair.node, 100)
      expect(await ask(pair, { authorization: `Bearer ${key}` })).toMatchObject({
        status: Number(fault.slice(7)),
      })
      expect(callsSince()).toEqual([1, 0])
    },
  )

  test('for a caller who has hung up meanwhile', async () => {
    pair.first.hold()
    pair.first.behave('status_500')
    const key = await openWallet(pair.node, 100)
    const had = await balanceOf(pair.node, key)
    const controller = new AbortController()
    const left = fetch(`${pair.node.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(request),
      signal: controller.signal,
    })
    await expect.poll(() => pair.first.stats.waiting).toBe(1)
    controller.abort()
    await expect(left).rejects.toThrow('abort')
    // Until the node has noticed it.
    await new Promise((resolve) => setTimeout(resolve, 100))
    pair.first.release()
    await expect.poll(() => pair.node.app.rooms.heartbeat.running).toBe(0)
    expect(callsSince()).toEqual([1, 0])
    expect(await balanceOf(pair.node, key)).toBe(had)
  })
})

test('when both fail the call costs nothing', async () => {
  pair.first.behave('status_500')
  pair.second.behave('status_429')
  const key = await openWallet(pair.node, 100)
  const had = await balanceOf(pair.node, key)
  expect(await ask(pair, { authorization: `Bearer ${key}` })).toMatchObject({ status: 429 })
  expect(callsSince()).toEqual([1, 1])
  expect(await balanceOf(pair.node, key)).toBe(had)
})

test('the last good list of models is kept while an upstream does not answer', async () => {
  await using own = await startPair()
  const port = Number(new URL(own.first.url).port)
  const list = await own.node.get('/v1/models')
  expect(JSON.stringify(list)).toContain('gpt-4o-mini')
  await Promise.all([own.first.close(), own.second.close()])
  await own.node.app.rooms.upstreams.refreshModels()
  const states = own.node.app.rooms.upstreams.states()
  expect(states.map(({ lastError }) => typeof lastError)).toEqual(['string', 'string'])
  expect(await own.node.get('/v1/models')).toEqual(list)
  await using back = await revive(port)
  const key = await openWallet(own.node, 100)
  expect(await ask(own, { authorization: `Bearer ${key}` })).toMatchObject({ status: 200 })
  expect(back.upstream.stats.calls).toBe(1)
})

async function revive(port: number): Promise<AsyncDisposable & { upstream: Upstream }> {
  const upstream = await startUpstream({ port, answer: () => ANSWER })
  return { upstream, [Symbol.asyncDispose]: () => upstream.close() }
}
