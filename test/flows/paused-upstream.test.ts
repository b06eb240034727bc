import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { sql, tablesOf } from '../../src/storage/index.ts'
import { balanceOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { bearer, chat, isUntouched, problemIn } from '../support/money-claims.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let other: Upstream
let node: TestNode
let payer: Record<string, string>
const PAUSES = { after: 3, firstMs: 400, maxMs: 1000 }
beforeEach(async () => {
  other = await startUpstream()
  node = await startTestNode({ app: { pauses: PAUSES } })
  payer = bearer(await openWallet(node, 1000))
})
afterEach(async () => {
  await expectBalancedBooks(node)
  await node[Symbol.asyncDispose]()
  await other.close()
})

async function failUntilPaused(): Promise<void> {
  node.upstream.behave('status_500')
  for (let i = 0; i < PAUSES.after; i += 1) expect((await chat(node, payer)).status).toBe(424)
  expect(node.app.rooms.upstreams.states()[0]?.pausedUntil).toBeDefined()
}

function addOther(id = 'other', marginBp?: number): Promise<void> {
  const wish = { id, type: 'openai', url: other.url, key: 'sk-other-secret-key', prices: 'openai' }
  return node.app.rooms.upstreams.add({ ...wish, marginBp })
}

async function models(): Promise<string[]> {
  const { data } = await node.get('/v1/models')
  return Array.isArray(data) ? data.map(({ id }: { id: string }) => id) : []
}

describe('while its only upstream is paused', () => {
  test('a call is refused before any money, and told when to come again', async () => {
    await failUntilPaused()
    const ecash = await node.mint.mintEcash(100)
    const calls = node.upstream.stats.calls
    for (const by of [payer, { 'x-cashu': ecash }]) {
      const reply = await chat(node, by)
      expect(problemIn(reply)).toMatchObject({ status: 424, code: 'UPSTREAM_UNAVAILABLE' })
      expect(reply.headers.get('retry-after')).toBe('1')
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    expect(isUntouched(node.mint, ecash)).toBe(true)
    expect(node.upstream.stats.calls).toBe(calls)
    expect(await models()).toContain('gpt-4o-mini')
  })

  test('it is sold again when the upstream can be reached again, without a caller who tries it', async () => {
    await failUntilPaused()
    node.upstream.behave(undefined)
    await expect
      .poll(() => node.app.rooms.upstreams.states()[0]?.pausedUntil, { timeout: 3000 })
      .toBeUndefined()
    expect((await chat(node, payer)).status).toBe(200)
    expect(node.log.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['upstream_paused', 'upstream_resumed']),
    )
  })
})

describe('while another upstream has the model', () => {
  test('that one serves, at the price that was shown before, and the paused one is left alone', async () => {
    await addOther('stand-in', 90_000)
    await expect.poll(() => node.app.rooms.upstreams.states()[1]?.models.length).toBeGreaterThan(0)
    const price = await priceOf('gpt-4o-mini')
    node.upstream.behave('status_500')
    for (let i = 0; i < PAUSES.after; i += 1) expect((await chat(node, payer)).status).toBe(200)
    expect([node.upstream.stats.calls, other.stats.calls]).toEqual([3, 3])
    expect((await chat(node, payer)).status).toBe(200)
    expect([node.upstream.stats.calls, other.stats.calls]).toEqual([3, 4])
    expect(await priceOf('gpt-4o-mini')).toBe(price)
  })

  test('one that asks us to slow down is not asked for as long as it said', async () => {
    await addOther()
    await expect.poll(() => node.app.rooms.upstreams.states()[1]?.models.length).toBeGreaterThan(0)
    node.upstream.behave('status_429')
    expect((await chat(node, payer)).status).toBe(200)
    expect((await chat(node, payer)).status).toBe(200)
    expect([node.upstream.stats.calls, other.stats.calls]).toEqual([1, 2])
    other.behave('status_429')
    expect(problemIn(await chat(node, payer))).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMIT' })
    const ecash = await node.mint.mintEcash(100)
    const reply = await chat(node, { 'x-cashu': ecash })
    expect(problemIn(reply)).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMIT' })
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(isUntouched(node.mint, ecash)).toBe(true)
    expect([node.upstream.stats.calls, other.stats.calls]).toEqual([1, 3])
  })
})

test('the record of a failed call names the upstream that failed it, not the one that was left alone', async () => {
  await addOther('stand-in')
  const { upstreams } = node.app.rooms
  await expect.poll(() => upstreams.states()[1]?.models.length).toBeGreaterThan(0)
  other.behave('status_500')
  node.upstream.behave('status_500')
  // The stand-in is paused by its own calls, so that the main one is never counted out.
  for (let i = 0; i < PAUSES.after; i += 1) await upstreams.test('stand-in', 'gpt-4o-mini')
  expect(upstreams.states()[1]?.pausedUntil).toBeDefined()
  const calls = other.stats.calls
  expect((await chat(node, payer)).status).toBe(424)
  expect(other.stats.calls).toBe(calls)
  const { rows } = await node.app.rooms.storage.read((tx) =>
    sql<{ usage_json: string }>`SELECT usage_json FROM hold ORDER BY id DESC LIMIT 1`.execute(
      tablesOf<unknown>(tx),
    ),
  )
  expect(JSON.parse(rows[0]?.usage_json ?? '{}')).toMatchObject({ ending: 'failed', upstream: 'main' })
})

async function priceOf(model: string): Promise<number> {
  const { pricing } = await node.get(`/v1/models/${model}`)
  return Number(Object(pricing).prompt)
}

describe('an upstream that comes and goes while the node runs', () => {
  test('sells from its first list on, is there after a restart, and its calls can be explained when it is gone', async () => {
    const only = await startUpstream({ models: ['o3-mini'] })
    await node.app.rooms.upstreams.add({
      id: 'late',
      type: 'openai',
      url: only.url,
      key: 'sk-late-secret-key',
      prices: 'openai',
      marginBp: undefined,
    })
    await expect.poll(models).toContain('o3-mini')
    node = await node.restart()
    await expect.poll(models).toContain('o3-mini')
    expect((await chat(node, payer, { model: 'o3-mini' })).status).toBe(200)
    expect(only.requests.at(-1)?.headers.authorization).toBe('Bearer sk-late-secret-key')

    await node.app.rooms.upstreams.remove('late')
    expect(await models()).not.toContain('o3-mini')
    expect(problemIn(await chat(node, payer, { model: 'o3-mini' }))).toMatchObject({
      code: 'model_not_found',
    })
    const { rows } = await node.app.rooms.storage.read((tx) =>
      sql<{
        usage_json: string
      }>`SELECT usage_json FROM hold WHERE usage_json LIKE '%"upstream":"late"%'`.execute(
        tablesOf<unknown>(tx),
      ),
    )
    const record: unknown = JSON.parse(rows[0]?.usage_json ?? '{}')
    expect(record).toMatchObject({ ending: 'complete', offer: expect.any(String), upstream: 'late' })
    const { offers } = node.app.rooms.counter
    expect(await offers.get(Object(record).offer)).toMatchObject({ model: 'o3-mini' })
    await only.close()
  })

  test('a rule sells a model under another name, which the upstream never sees', async () => {
    await node.app.rooms.upstreams.setRule({ upstreamId: 'main', model: 'gpt-4o-mini', alias: 'house/small' })
    expect(await models()).toContain('house/small')
    const { status, body } = await chat(node, payer, { model: 'house/small' })
    expect({ status, model: body['model'] }).toMatchObject({ status: 200 })
    expect(node.upstream.requests.at(-1)?.body).toContain('"gpt-4o-mini"')
    expect(node.upstream.requests.at(-1)?.body).not.toContain('house')
    expect(await balanceOf(node, String(payer['authorization']).slice(7))).toBeGreaterThan(0)
  })
})
