import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RateFeeds, startRateFeeds } from '../support/rate-feeds.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

/** The whole node, when the feeds of the price of bitcoin fall silent under it. */
const MINUTE = 60_000
const question = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 20 }
let aheadMs = 0
const clock = { now: () => Date.now() + aheadMs }
let feeds: RateFeeds
let node: TestNode
let key = ''

beforeEach(async () => {
  aheadMs = 0
  feeds = await startRateFeeds('100000.00', clock.now)
  node = await startTestNode({ app: { btcUsd: undefined, feeds: feeds.feeds, clock } })
  const { body } = await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(1000) })
  key = String(body['api_key'])
})
afterEach(async () => {
  await node[Symbol.asyncDispose]()
  await feeds[Symbol.asyncDispose]()
})

function chat(): Promise<TestReply> {
  return node.post('/v1/chat/completions', question, { authorization: `Bearer ${key}` })
}

function silence(): void {
  for (const double of feeds.doubles) double.manner = { status: 503, body: 'down' }
}

async function balance(): Promise<unknown> {
  return (await node.get('/v1/wallet/info', key))['balance']
}

test('a price of bitcoin that is too old stops calls with 503, which says why; they go on with the next price', async () => {
  expect((await chat()).status).toBe(200)
  const before = await balance()
  silence()
  await node.app.rooms.rate.refresh()
  expect((await chat()).status).toBe(200)
  const spent = Number(before) - Number(await balance())
  expect(spent).toBeGreaterThan(0)

  aheadMs = 31 * MINUTE
  const left = await balance()
  const refused = await chat()
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(refused.body['error']).toMatchObject({
    code: 'rate_unavailable',
    message: expect.stringMatching(
      /last knew a price of bitcoin at .*failing: .*kraken.*Nothing was charged/,
    ),
  })
  expect(await balance()).toBe(left)
  expect(node.upstream.requests.filter(({ path }) => path.endsWith('/chat/completions'))).toHaveLength(2)
  const ready = await fetch(`${node.baseUrl}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([
    503,
    expect.stringContaining('last knew a price of bitcoin at'),
  ])

  feeds.say('50000.00')
  await node.app.rooms.rate.refresh()
  expect((await chat()).status, 'a jump waits for a second look').toBe(503)
  await node.app.rooms.rate.refresh()
  const dearer = Number(await balance())
  expect((await chat()).status).toBe(200)
  // Each is rounded up once.
  expect([spent * 2, spent * 2 - 1]).toContain(dearer - Number(await balance()))
  expect((await fetch(`${node.baseUrl}/readyz`)).status).toBe(200)
})

test('a node that starts while all feeds are down sells at the last price until that is too old', async () => {
  expect((await chat()).status).toBe(200)
  silence()
  aheadMs = 20 * MINUTE
  node = await node.restart()
  expect((await chat()).status).toBe(200)
  aheadMs = 31 * MINUTE
  expect((await chat()).status).toBe(503)
})
