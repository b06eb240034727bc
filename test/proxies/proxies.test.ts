import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEcash } from '../../src/cashu/index.ts'
import { type Door, errorIn, openDoor } from '../support/doors.ts'
import { listening } from '../support/listening.ts'
import { bearer } from '../support/money-claims.ts'
import { balanceOf, chargeOf, eventsOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'
import { ask, type Asked, begin } from './support/ask.ts'
import { PROXIES, type Proxy, type ProxyName, startProxy } from './support/proxy.ts'

const WORDS = 20
const PIECE_MS = 60
const PUBLIC_URL = 'https://ai.example/ai'

let node: TestNode
let open: Door
beforeAll(async () => {
  node = await startTestNode({
    app: { timeouts: { firstByteMs: 20_000, wholeFirstByteMs: 20_000, idleMs: 20_000, totalMs: 60_000 } },
    upstream: { answer: () => Array.from({ length: WORDS }, () => 'word').join(' ') },
  })
  open = await openDoor(node.app.rooms, { trustProxy: ['127.0.0.1/32'] })
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

const chat = (proxy: Proxy, headers: Record<string, string>, body: object = {}): Promise<Asked> =>
  ask(`${proxy.url}/v1/chat/completions`, { method: 'POST', headers, body: question(body) })

const question = (more: object = {}): string =>
  JSON.stringify({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Tell me of trains' }],
    max_tokens: 50,
    ...more,
  })

describe.each(PROXIES)('behind %s, on the configuration that the docs print', (name: ProxyName) => {
  let proxy: Proxy
  let key: string
  beforeAll(async () => {
    proxy = await startProxy(name, open.url)
    key = await openWallet(node, 50_000)
  })
  afterAll(() => proxy[Symbol.asyncDispose]())

  test('a stream arrives piece by piece', async () => {
    node.upstream.behave({ delayMs: PIECE_MS })
    const { status, headers, text, pieces } = await chat(proxy, bearer(key), { stream: true })
    node.upstream.behave(undefined)
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('text/event-stream')
    expect(eventsOf(text).at(-1)).toBe('[DONE]')
    expect(pieces.length).toBeGreaterThan(WORDS / 2)
    const [first, last] = [pieces[0], pieces.at(-1)]
    expect(Number(last?.atMs) - Number(first?.atMs)).toBeGreaterThan((WORDS / 2) * PIECE_MS)
  })

  test('60 KB of request headers pass, and the call is paid as any other', async () => {
    const before = await balanceOf(node, key)
    const reply = await chat(proxy, { ...bearer(key), 'x-filler': 'x'.repeat(60 * 1024) })
    expect(reply.status).toBe(200)
    expect(before - (await balanceOf(node, key))).toBe(chargeOf({ input: 10, output: WORDS }))
  })

  test('ecash of 120 small coins pays for one call in its header', async () => {
    const split = Array.from({ length: 120 }, () => 1)
    const ecash = await node.mint.mintEcash(120, { split, version: 'A', dleq: false })
    expect(ecash.length).toBeGreaterThan(30_000)
    const reply = await chat(proxy, { 'x-cashu': ecash })
    expect(reply.status).toBe(200)
    expect(readEcash(String(reply.headers['x-cashu'])).faceSat).toBeGreaterThan(90)
  })

  test('change comes back in its header, be it 4 KB', async () => {
    const reply = await chat(proxy, { 'x-cashu': await node.mint.mintEcash(2 ** 31) })
    const change = String(reply.headers['x-cashu'])
    expect(reply.status).toBe(200)
    expect(change.length).toBeGreaterThan(3000)
    expect(readEcash(change).faceSat).toBeGreaterThan(2 ** 30)
    const { headers } = await withLargeChange(name, (large) => ask(`${large.url}/`))
    expect(headers['x-cashu']).toHaveLength(4096)
  })

  test('a caller who hangs up in a stream is noticed at the upstream, and pays for what he got', async () => {
    const before = await balanceOf(node, key)
    const { aborted } = node.upstream.stats
    node.upstream.behave('hang_mid_stream')
    const sent = begin(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: bearer(key),
      body: question({ stream: true }),
    })
    sent.on('error', () => undefined)
    await new Promise<void>((resolve) => {
      sent.on('response', (response) => response.on('error', () => undefined).once('data', () => resolve()))
    })
    sent.destroy()
    await expect.poll(() => node.upstream.stats.aborted, { timeout: 5000 }).toBe(aborted + 1)
    node.upstream.behave(undefined)
    await expect.poll(() => node.app.rooms.heartbeat.running).toBe(0)
    const charge = before - (await balanceOf(node, key))
    expect(charge).toBeGreaterThan(0)
    expect(charge).toBeLessThan(chargeOf({ input: 10, output: WORDS }))
  })

  test('a caller who hangs up before his stream begins is noticed, too', async () => {
    const { aborted } = node.upstream.stats
    node.upstream.hold()
    const sent = begin(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: bearer(key),
      body: question({ stream: true }),
    })
    sent.on('error', () => undefined)
    await expect.poll(() => node.upstream.stats.waiting).toBe(1)
    sent.destroy()
    await expect.poll(() => node.upstream.stats.aborted, { timeout: 5000 }).toBe(aborted + 1)
    node.upstream.release()
    await expect.poll(() => node.app.rooms.heartbeat.running).toBe(0)
  })

  test('a body of 10 MB passes, and what is above is refused in the words of the node', async () => {
    const room = 10 * 1024 * 1024 - question({ user: '' }).length
    const reply = await chat(proxy, bearer(key), { user: 'x'.repeat(room) })
    expect([reply.status, reply.text.slice(0, 200)]).toEqual([200, expect.any(String)])
    const larger = await chat(proxy, bearer(key), { user: 'x'.repeat(room + 1024 * 1024) })
    expect([larger.status, errorIn(larger)['code']]).toEqual([413, 'body_too_large'])
  })

  test('the front page shows the address that it was asked for', async () => {
    const { text } = await ask(`${proxy.url}/`)
    expect(JSON.parse(text)).toMatchObject({ endpoints: { models: `${proxy.url}/v1/models` } })
  })

  test('nothing that pays stands in its log', async () => {
    const secret = await openWallet(node, 100)
    const body = question()
    await ask(`${proxy.url}/v1/chat/completions?key=${secret}`, { method: 'POST', body })
    await chat(proxy, bearer(secret))
    await expect.poll(() => proxy.log()).toContain('/v1/chat/completions')
    expect(proxy.log()).not.toContain(secret)
  })

  test.each([false, true])('under a path the node is found (the proxy strips it: %s)', async (strips) => {
    const { profile } = node.app.rooms
    await using under = await openDoor(node.app.rooms, { profile: { ...profile, publicUrl: PUBLIC_URL } })
    await using pathed = await startProxy(name, under.url, { path: '/ai/', strips })
    const reply = await ask(`${pathed.url}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: bearer(key),
      body: question(),
    })
    expect(reply.status).toBe(200)
    const { text } = await ask(`${pathed.url}/ai/`)
    expect(JSON.parse(text)).toMatchObject({ endpoints: { models: `${PUBLIC_URL}/v1/models` } })
  })

  test('and afterwards the books balance', async () => {
    await expectBalancedBooks(node)
    expect(node.app.rooms.heartbeat.running).toBe(0)
  })
})

/** A whole answer with change as large as it ever gets, by a server that does nothing else. */
async function withLargeChange<T>(name: ProxyName, work: (proxy: Proxy) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => {
    response.setHeader('x-cashu', `cashuB${'x'.repeat(4090)}`)
    response.end('{}')
  })
  await using bare = await listening(server)
  await using proxy = await startProxy(name, bare.url)
  return await work(proxy)
}
