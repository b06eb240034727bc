import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DoorFigures } from '../../src/http/index.ts'
import { ask, type Door, errorIn, openDoor } from '../support/doors.ts'
import { balanceOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

/** How long a caller may stop reading here. */
const IDLE_MS = 400

let node: TestNode
let open: Door
const figures = new DoorFigures()
beforeAll(async () => {
  node = await startTestNode({
    app: { timeouts: { firstByteMs: 20_000, wholeFirstByteMs: 20_000, idleMs: 20_000, totalMs: 60_000 } },
  })
  open = await openDoor(node.app.rooms, { callerIdleMs: IDLE_MS }, figures)
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

const port = (door: Door): number => Number(new URL(door.url).port)

/** A bare connection and what came over it until its end. */
function bare(door: Door): { socket: Socket; ended: Promise<string> } {
  const socket = connect(port(door), '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  socket.on('error', () => undefined)
  return { socket, ended: once(socket, 'close').then(() => text) }
}

interface Caller {
  readonly sent: ClientRequest
  readonly response: Promise<IncomingMessage>
}

/** Asks on a connection of its own, and reads nothing until told to. */
function call(key: string, body: object): Caller {
  const sent = request(`${open.url}/v1/chat/completions`, {
    agent: false,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  sent.on('error', () => undefined)
  const response = once(sent, 'response').then(([reply]: IncomingMessage[]) => {
    if (!reply) throw new Error('no reply')
    reply.on('error', () => undefined)
    return reply
  })
  sent.end(JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Go' }], ...body }))
  return { sent, response }
}

const running = (): number => node.app.rooms.heartbeat.running

describe('headers', () => {
  test('of 60 KB are taken', async () => {
    const headers = { 'x-filler': 'x'.repeat(60 * 1024) }
    expect(await ask(`${open.url}/healthz`, { headers })).toMatchObject({ status: 200 })
  })

  test('above 64 KB are refused in our shape, and counted', async () => {
    const before = figures.rejected.get('headers_too_large') ?? 0
    const headers = { 'x-filler': 'x'.repeat(65 * 1024) }
    const reply = await ask(`${open.url}/v1/models`, { headers })
    expect(reply.status).toBe(431)
    expect(errorIn(reply)).toMatchObject({ code: 'headers_too_large', type: 'invalid_request_error' })
    expect(reply.headers['x-request-id']).toMatch(/^call_/)
    expect(figures.rejected.get('headers_too_large')).toBe(before + 1)
  })

  test('that do not come within their time are 408 in our shape', async () => {
    await using hasty = await openDoor(node.app.rooms)
    hasty.server.headersTimeout = 50
    const { socket, ended } = bare(hasty)
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: node\r\nX-Slow: ')
    const text = await ended
    expect(text).toMatch(/^HTTP\/1.1 408 /)
    expect(text).toContain('"code":"request_timeout"')
  })

  test('and bodies have bounds on the real server', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxConnections } = node.app.server
    expect({ headersTimeout, requestTimeout, maxConnections }).toEqual({
      headersTimeout: 15_000,
      requestTimeout: 120_000,
      maxConnections: 10_000,
    })
    // A proxy that keeps connections for a minute must not meet one that is just being closed.
    expect(keepAliveTimeout).toBeGreaterThan(60_000)
  })
})

describe('a body that is too large', () => {
  test.each([
    ['and says so', { 'content-length': String(24 * 1024 * 1024) }],
    ['and does not', { 'transfer-encoding': 'chunked' }],
  ])('%s is refused with an answer that arrives', async (_, headers) => {
    const body = Buffer.alloc(24 * 1024 * 1024, 'x')
    const tries = Array.from({ length: 3 }, () =>
      ask(`${open.url}/v1/chat/completions`, { method: 'POST', headers, body }),
    )
    for (const reply of await Promise.all(tries)) {
      expect([reply.status, errorIn(reply)['code']]).toEqual([413, 'body_too_large'])
      expect(reply.headers.connection).toBe('close')
    }
  })
})

describe('connections', () => {
  test('beyond the limit are closed unread, are counted, and are a line a minute in the log', async () => {
    const counted = new DoorFigures()
    await using crowded = await openDoor(node.app.rooms, {}, counted)
    crowded.server.maxConnections = 2
    const kept = [bare(crowded), bare(crowded)]
    await Promise.all(kept.map(({ socket }) => once(socket, 'connect')))
    await expect.poll(() => counted.open()).toBe(2)
    const before = node.log.filter(({ event }) => event === 'connections_full').length
    for (let i = 0; i < 3; i += 1) expect(await bare(crowded).ended).toBe('')
    expect(counted.dropped).toBe(3)
    expect(node.log.filter(({ event }) => event === 'connections_full')).toHaveLength(before + 1)
    for (const { socket } of kept) socket.destroy()
    await expect.poll(() => counted.open()).toBe(0)
    expect(await ask(`${crowded.url}/healthz`)).toMatchObject({ status: 200 })
  })
})

describe('a caller who stops reading', () => {
  test('a stream is held back at its upstream, and its caller is given up after his time', async () => {
    const key = await openWallet(node, 100_000)
    const before = await balanceOf(node, key)
    node.upstream.behave({ ignoreLimit: true })
    const aborted = node.upstream.stats.aborted
    const memory = process.memoryUsage().arrayBuffers
    const { sent, response } = call(key, { stream: true, max_tokens: 16_000, n: 20 })
    ;(await response).pause()
    await expect.poll(running).toBe(1)
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(32 * 1024 * 1024)
    await expect.poll(running, { timeout: 10_000 }).toBe(0)
    await expect.poll(() => node.upstream.stats.aborted).toBe(aborted + 1)
    node.upstream.behave(undefined)
    sent.destroy()
    expect(before - (await balanceOf(node, key))).toBeGreaterThan(0)
    await expectBalancedBooks(node)
  })

  test('a whole answer that nobody reads is not kept in memory for ever', async () => {
    const key = await openWallet(node, 1_000_000)
    node.upstream.behave({ ignoreLimit: true })
    const { sent, response } = call(key, { max_tokens: 16_000, n: 128 })
    ;(await response).pause()
    await expect.poll(() => openConnections(), { timeout: 10_000 }).toBe(0)
    node.upstream.behave(undefined)
    sent.destroy()
  })

  test('who reads slowly, but reads, gets all of it', async () => {
    const key = await openWallet(node, 1_000_000)
    node.upstream.behave({ ignoreLimit: true })
    const { response } = call(key, { max_tokens: 16_000, n: 40 })
    const reply = await response
    let length = 0
    for await (const chunk of reply) {
      length += Buffer.from(chunk).length
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    node.upstream.behave(undefined)
    expect(reply.complete).toBe(true)
    expect(length).toBe(Number(reply.headers['content-length']))
  })

  test('who waits long for his answer is not taken for one', async () => {
    const key = await openWallet(node, 1000)
    node.upstream.hold()
    const { response } = call(key, { max_tokens: 20 })
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS * 2))
    node.upstream.release()
    expect((await response).statusCode).toBe(200)
    ;(await response).resume()
  })
})

function openConnections(): Promise<number> {
  return figures.open()
}
