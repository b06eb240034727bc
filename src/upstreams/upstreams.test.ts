import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type ReplyHead, type SendOutcome, type Timeouts, type UpstreamControl, Upstreams } from './index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function listen(server: Server | TcpServer): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
  const { port } = server.address() as AddressInfo
  closers.push(() => server.close())
  return `http://127.0.0.1:${port}/v1`
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  const url = await listen(server)
  closers.push(() => server.closeAllConnections())
  return url
}

/** A server that answers any first bytes on a connection by `reply`. */
async function serveRaw(reply: (socket: Socket) => void): Promise<string> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => reply(socket))
      closers.push(() => socket.destroy())
    }),
  )
}

const KEY = 'sk-operators-secret'

function shop(url: string, timeouts: Partial<Timeouts> = {}, type = 'generic') {
  const events: unknown[] = []
  const upstreams = new Upstreams({
    configs: [{ id: 'a', type, url, key: KEY, prices: 'openai', marginBp: undefined, order: 0 }],
    timeouts,
    clock: { now: () => 1_000 },
    onEvent: (event, fields) => events.push({ event, ...fields }),
  })
  closers.push(() => upstreams.close())
  return { upstreams, events }
}

interface Taken {
  head: ReplyHead | undefined
  body: string
  outcome: SendOutcome
}

interface Hooks {
  path?: string
  stream?: boolean
  body?: string
  start?: (control: UpstreamControl) => void
  head?: () => unknown
  piece?: (control: UpstreamControl) => void
}

/** Sends one call and collects all that came of it. */
async function take(upstreams: Upstreams, hooks: Hooks = {}): Promise<Taken> {
  const pieces: Buffer[] = []
  let head: ReplyHead | undefined
  let control: UpstreamControl | undefined
  const { path = '/chat/completions', stream = false, body = '{"model":"m"}' } = hooks
  const outcome = await upstreams.send(
    { upstreamId: 'a', path, body: Buffer.from(body), stream },
    {
      start: (given) => {
        control = given
        hooks.start?.(given)
      },
      head: (given) => {
        head = given
        hooks.head?.()
      },
      piece: (chunk) => {
        pieces.push(chunk)
        if (control) hooks.piece?.(control)
      },
    },
  )
  return { head, body: Buffer.concat(pieces).toString(), outcome }
}

const failure = (began: boolean, reason: string) => ({ kind: 'failed', began, reason })
const timedOut = (began: boolean, message: string) => ({ ...failure(began, 'timeout'), message })
const boom = (): never => {
  throw new Error('the sink broke')
}

describe('a call', () => {
  test('reaches the path below the base address with our own headers only', async () => {
    let seen:
      | { url: string | undefined; method: string | undefined; headers: IncomingHttpHeaders }
      | undefined
    let body = ''
    const url = await serve((req, res) => {
      seen = { url: req.url, method: req.method, headers: req.headers }
      req.on('data', (chunk) => (body += String(chunk)))
      req.on('end', () => res.setHeader('content-type', 'application/json').end('{"ok":1}'))
    })
    const taken = await take(shop(`${url}/`).upstreams, { body: '{"model":"x"}' })

    expect(taken.outcome).toEqual({ kind: 'ended' })
    expect(taken.body).toBe('{"ok":1}')
    expect(body).toBe('{"model":"x"}')
    expect(seen).toMatchObject({ url: '/v1/chat/completions', method: 'POST' })
    const { host, ...headers } = seen?.headers ?? {}
    expect(host).toMatch(/^127\.0\.0\.1:/)
    expect(headers).toEqual({
      'accept-encoding': 'identity',
      authorization: `Bearer ${KEY}`,
      connection: 'keep-alive',
      'content-length': '13',
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^farebox\/\d/),
    })
  })

  test('reuses the connections of the calls before it', async () => {
    const ports = new Set<number | undefined>()
    const url = await serve((req, res) => {
      ports.add(req.socket.remotePort)
      req.resume().on('end', () => res.end('{}'))
    })
    const { upstreams } = shop(url)
    for (let i = 0; i < 20; i += 1) await take(upstreams)
    // A call that starts in the very turn in which another ends cannot have its connection yet.
    expect(ports.size).toBeLessThanOrEqual(2)
  })

  test('passes down only the reply headers that a caller may see', async () => {
    const url = await serve((_, res) => {
      res.writeHead(429, {
        'content-type': 'application/json',
        'retry-after': '7',
        'retry-after-ms': '7000',
        'set-cookie': ['a=1', 'b=2'],
        server: 'x',
        'x-cashu': 'cashuBx',
        'www-authenticate': 'L402 macaroon="x"',
        'payment-required': 'x',
        'x-payment-response': 'x',
        'x-routstr-cost-msats': '1',
        'x-farebox-clamped': 'max_tokens=1',
        'openai-organization': 'the-operator',
        'x-ratelimit-remaining-requests': '1',
        'x-request-id': 'theirs',
        'proxy-authenticate': 'x',
        'access-control-allow-origin': '*',
      })
      res.end('{}')
    })
    const { head } = await take(shop(url).upstreams)
    expect(head).toEqual({
      status: 429,
      headers: { 'content-type': 'application/json', 'retry-after': '7', 'retry-after-ms': '7000' },
      isStream: false,
    })
  })

  test('tells a stream by its content type, whatever was asked for', async () => {
    const url = await serve((_, res) => {
      res.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=utf-8' }).end('data: [DONE]\n\n')
    })
    const { head, body } = await take(shop(url).upstreams, { stream: false })
    expect(head?.isStream).toBe(true)
    expect(body).toBe('data: [DONE]\n\n')
  })

  test('a redirect is not followed and its target not shown', async () => {
    let visits = 0
    const url = await serve((_, res) => {
      visits += 1
      res.writeHead(307, { location: '/v1/elsewhere' }).end()
    })
    const { head, outcome } = await take(shop(url).upstreams)
    expect(outcome).toEqual({ kind: 'ended' })
    expect(head).toEqual({ status: 307, headers: {}, isStream: false })
    expect(visits).toBe(1)
  })

  test('an interim reply (103) is not taken for the reply', async () => {
    const url = await serveRaw((socket) => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}',
      )
    })
    let heads = 0
    const { head, body } = await take(shop(url).upstreams, { head: () => (heads += 1) })
    expect(head?.status).toBe(200)
    expect(heads).toBe(1)
    expect(body).toBe('{}')
  })

  test('to an upstream that does not exist fails before anything is sent', async () => {
    const { upstreams } = shop('http://127.0.0.1:9/v1')
    const outcome = await upstreams.send(
      { upstreamId: 'b', path: '/x', body: Buffer.from('{}'), stream: false },
      { head: () => undefined, piece: () => undefined },
    )
    expect(outcome).toMatchObject({ kind: 'failed', began: false, reason: 'unreachable' })
  })
})

describe('an exchange that breaks says how', () => {
  test('nobody listens: unreachable', async () => {
    const url = await serve(() => undefined)
    await closers.shift()?.()
    const { outcome } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(false, 'unreachable'))
  })

  test('the connection closes before a reply: reset', async () => {
    const url = await serveRaw((socket) => socket.destroy())
    const { outcome } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(false, 'reset'))
  })

  test('the body is cut short: reset, after what had come', async () => {
    const url = await serve((_, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => res.destroy(), 20)
    })
    const { outcome, body } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(true, 'reset'))
    expect(body).toBe('half')
  })

  test('a chunked body without its end is cut short too', async () => {
    const url = await serveRaw((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    })
    const { outcome, body } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(true, 'reset'))
    expect(body).toBe('half')
  })

  test('what comes is not HTTP: garbage', async () => {
    const url = await serveRaw((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'))
    const { outcome } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(false, 'garbage'))
  })

  test('headers without end: garbage', async () => {
    const url = await serveRaw((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`),
    )
    const { outcome } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(false, 'garbage'))
  })

  test('a compressed body: encoding, before the head is given', async () => {
    const url = await serve((_, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"usage":{}}'))
    })
    const taken = await take(shop(url).upstreams)
    expect(taken.outcome).toMatchObject(failure(false, 'encoding'))
    expect(taken.head).toBeUndefined()
  })

  test('a whole reply that announces more than 64 MB: garbage, before the head is given', async () => {
    const url = await serve((_, res) => {
      res.writeHead(200, { 'content-length': String(64 * 1024 * 1024 + 1) }).write('x')
    })
    const { outcome } = await take(shop(url).upstreams)
    expect(outcome).toMatchObject(failure(false, 'garbage'))
  })

  test('an endless whole reply is hung up on at 64 MB', async () => {
    const piece = Buffer.alloc(1024 * 1024)
    const url = await serve((_, res) => {
      const more = (): void => {
        while (!res.destroyed && res.write(piece));
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    })
    const { upstreams } = shop(url)
    let bytes = 0
    const outcome = await upstreams.send(
      { upstreamId: 'a', path: '/x', body: Buffer.from('{}'), stream: false },
      { head: () => undefined, piece: (chunk) => (bytes += chunk.length) },
    )
    expect(outcome).toMatchObject(failure(true, 'garbage'))
    expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    expect(bytes).toBeGreaterThan(63 * 1024 * 1024)
  })

  test.each([
    ['start', false],
    ['head', true],
    ['piece', true],
  ] as const)('a throw of the sink in %s: aborted, and nobody crashes', async (at, began) => {
    const url = await serve((_, res) => void res.end('{}'))
    const { outcome } = await take(shop(url).upstreams, { [at]: boom })
    expect(outcome).toMatchObject({ ...failure(began, 'aborted'), message: 'the sink broke' })
  })
})

describe('no wait is without end', () => {
  test('a stream that does not begin', async () => {
    const url = await serve(() => undefined)
    const { outcome } = await take(shop(url, { firstByteMs: 60, wholeFirstByteMs: 9_000 }).upstreams, {
      stream: true,
    })
    expect(outcome).toEqual(timedOut(false, 'no first byte after 60 ms'))
  })

  test('a head is not yet a first byte', async () => {
    const url = await serve((_, res) => res.writeHead(200).flushHeaders())
    const { outcome } = await take(shop(url, { firstByteMs: 60, idleMs: 9_000 }).upstreams, { stream: true })
    expect(outcome).toEqual(timedOut(true, 'no first byte after 60 ms'))
  })

  test('a whole reply may take longer to begin than a stream, but not for ever', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/v1/slow') setTimeout(() => res.end('{}'), 150)
    })
    const { upstreams } = shop(url, { firstByteMs: 40, wholeFirstByteMs: 400 })
    expect((await take(upstreams, { path: '/slow' })).outcome).toEqual({ kind: 'ended' })
    expect((await take(upstreams, { path: '/never' })).outcome).toEqual(
      timedOut(false, 'no first byte after 400 ms'),
    )
  })

  test('a body that falls silent', async () => {
    const url = await serve((_, res) => void res.write('one'))
    const { outcome, body } = await take(shop(url, { idleMs: 60 }).upstreams, { stream: true })
    expect(outcome).toEqual(timedOut(true, 'silent for 60 ms'))
    expect(body).toBe('one')
  })

  test('a body that keeps coming is not silent, but has a total', async () => {
    const url = await serve((_, res) => {
      const timer = setInterval(() => res.write('x'), 20)
      res.on('close', () => clearInterval(timer))
    })
    const { outcome, body } = await take(shop(url, { idleMs: 120, totalMs: 400 }).upstreams, { stream: true })
    expect(outcome).toEqual(timedOut(true, 'not done after 400 ms'))
    expect(body.length).toBeGreaterThan(5)
  })

  test('while we pause it, an upstream is not called silent', async () => {
    const url = await serve((_, res) => {
      res.write('one')
      setTimeout(() => res.end('two'), 300)
    })
    const { upstreams } = shop(url, { idleMs: 100 })
    let paused = false
    const { outcome, body } = await take(upstreams, {
      stream: true,
      piece: (control) => {
        if (paused) return
        paused = true
        control.pause()
        setTimeout(() => control.resume(), 350)
      },
    })
    expect(outcome).toEqual({ kind: 'ended' })
    expect(body).toBe('onetwo')
  })
})

describe('the control', () => {
  test('abort in mid-stream closes the upstream socket and ends the sink', async () => {
    let closed: Promise<unknown> | undefined
    const url = await serve((_, res) => {
      const timer = setInterval(() => res.write('data: x\n\n'), 5)
      closed = once(res, 'close').then(() => clearInterval(timer))
    })
    let pieces = 0
    const { outcome } = await take(shop(url).upstreams, {
      stream: true,
      piece: (control) => {
        pieces += 1
        if (pieces === 3) control.abort()
      },
    })
    expect(outcome).toMatchObject({ kind: 'failed', began: true, reason: 'aborted' })
    await closed
    expect(pieces).toBe(3)
  })

  test('abort from outside, while the upstream is silent, closes its socket', async () => {
    let closed: Promise<unknown> | undefined
    const url = await serve((req) => {
      closed = once(req.socket, 'close')
    })
    const { outcome } = await take(shop(url).upstreams, {
      start: (control) => void setTimeout(() => control.abort(), 50),
    })
    expect(outcome).toMatchObject({ kind: 'failed', began: false, reason: 'aborted' })
    await closed
  })

  test('abort before anything is sent sends nothing', async () => {
    let visits = 0
    const url = await serve((_, res) => {
      visits += 1
      res.end('{}')
    })
    const { upstreams } = shop(url)
    const atStart = await take(upstreams, { start: (control) => control.abort() })
    const whileConnecting = await take(upstreams, {
      start: (control) => queueMicrotask(() => control.abort()),
    })
    expect([atStart.outcome, whileConnecting.outcome]).toEqual([
      { kind: 'failed', began: false, reason: 'unreachable', message: 'our side hung up' },
      { kind: 'failed', began: false, reason: 'unreachable', message: 'our side hung up' },
    ])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(visits).toBe(0)
    expect((await take(upstreams)).outcome).toEqual({ kind: 'ended' })
  })

  test('pause stops reading: a fast upstream does not fill our memory', async () => {
    const piece = Buffer.alloc(64 * 1024)
    let written = 0
    const url = await serve((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = (): void => {
        while (!res.destroyed && res.write(piece)) written += piece.length
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    })
    let received = 0
    const { upstreams } = shop(url)
    let control: UpstreamControl | undefined
    const done = upstreams.send(
      { upstreamId: 'a', path: '/x', body: Buffer.from('{}'), stream: true },
      {
        start: (given) => (control = given),
        head: () => control?.pause(),
        piece: (chunk) => (received += chunk.length),
      },
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(received).toBeLessThanOrEqual(64 * 1024)
    const [writtenThen, receivedThen] = [written, received]
    // What the kernels' buffers took, and not a byte more.
    expect(writtenThen).toBeLessThan(32 * 1024 * 1024)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([written, received]).toEqual([writtenThen, receivedThen])

    control?.resume()
    await expect.poll(() => received).toBeGreaterThan(receivedThen + 1024 * 1024)
    control?.abort()
    await done
  })

  test('a hand on an ended call does nothing to the next one on the same connection', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/v1/slow') setTimeout(() => res.end('slow'), 60)
      else res.end('fast')
    })
    const { upstreams } = shop(url)
    let old: UpstreamControl | undefined
    await take(upstreams, { start: (control) => (old = control) })
    const next = take(upstreams, { path: '/slow' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    old?.pause()
    old?.abort()
    old?.resume()
    expect(await next).toMatchObject({ body: 'slow', outcome: { kind: 'ended' } })
  })

  test('closing the room ends its running calls as aborted', async () => {
    const url = await serve((_, res) => void res.write('one'))
    const { upstreams } = shop(url)
    const running = take(upstreams, { piece: () => void upstreams.close() })
    expect((await running).outcome).toMatchObject({ kind: 'failed', began: true, reason: 'aborted' })
    expect((await take(upstreams)).outcome).toMatchObject({ kind: 'failed', began: false, reason: 'aborted' })
  })
})

describe('the model lists', () => {
  test('are read with the key, and the states change identity only then', async () => {
    let authorization: string | undefined
    const url = await serve((req, res) => {
      authorization = req.headers.authorization
      res
        .writeHead(req.url === '/v1/models' ? 200 : 404)
        .end(JSON.stringify({ data: [{ id: 'a/b', created: 5, owned_by: 'me', max_model_len: 4096 }] }))
    })
    const { upstreams, events } = shop(url)
    const before = upstreams.states()
    expect(upstreams.states()).toBe(before)
    expect(before).toMatchObject([{ models: [], lastError: undefined, checkedAt: undefined }])

    await upstreams.refreshModels()
    expect(authorization).toBe(`Bearer ${KEY}`)
    const after = upstreams.states()
    expect(after).not.toBe(before)
    expect(upstreams.states()).toBe(after)
    expect(after).toMatchObject([
      {
        models: [{ id: 'a/b', created: 5, ownedBy: 'me', contextLength: 4096, outputLimit: undefined }],
        lastError: undefined,
        checkedAt: 1_000,
      },
    ])
    expect(events).toEqual([{ event: 'upstream_models_read', upstream: 'a', models: 1 }])

    await upstreams.refreshModels()
    expect(upstreams.states()[0]?.models).toBe(after[0]?.models)
  })

  test.each([
    ['garbage', 200, 'no json', 'not a list'],
    ['another JSON', 200, '{"data":7}', 'not a list'],
    ['a list of nothing usable', 200, '{"data":[{"id":7}]}', 'not a list'],
    ['a fault', 500, '{"data":[{"id":"other"}]}', 'answered 500'],
    ['a refused key', 401, `{"error":"Incorrect API key ${KEY}"}`, 'check its key'],
    ['a redirect', 302, '{"data":[{"id":"other"}]}', 'answered 302'],
  ])('%s keeps the last good list, and no secret shows', async (...row) => {
    const [, status, body, sentence] = row
    let reply = { status: 200, body: '{"data":[{"id":"m"}]}' }
    const url = await serve(
      (_req, res) => void res.writeHead(reply.status, { location: '/x' }).end(reply.body),
    )
    const { upstreams, events } = shop(url)
    await upstreams.refreshModels()
    reply = { status, body }
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([
      { models: [{ id: 'm' }], lastError: expect.stringContaining(sentence) },
    ])
    expect(events).toHaveLength(2)
    expect(JSON.stringify([events, upstreams.states()[0]?.lastError])).not.toContain(KEY)

    reply = { status: 200, body: '{"data":[]}' }
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([{ models: [], lastError: undefined }])
  })

  test('an upstream that is away fails its look, not the others', async () => {
    const url = await serve((_, res) => void res.end('{"data":[{"id":"m"}]}'))
    const gone = await serve(() => undefined)
    await closers.splice(2, 1)[0]?.()
    const common = { type: 'openai', key: KEY, prices: 'openai', marginBp: undefined }
    const upstreams = new Upstreams({
      configs: [
        { ...common, id: 'gone', url: gone, order: 0 },
        { ...common, id: 'here', url, order: 1 },
      ],
      clock: { now: () => 1 },
    })
    closers.push(() => upstreams.close())
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([
      { models: [], lastError: expect.stringContaining('unreachable') },
      { models: [{ id: 'm' }], lastError: undefined },
    ])
  })
})

describe('a wrong setting stops the start with a sentence', () => {
  test.each([
    ['address', { url: 'api.openai.com/v1' }, /"a" cannot be used: its address must be like https/],
    ['scheme', { url: 'file:///etc/passwd' }, /its address/],
    ['credentials in the address', { url: 'http://me:sk-hidden@127.0.0.1/v1' }, /its address/],
    ['type', { type: 'opnai' }, /its type must be auto or one of .*openai/],
    ['key', { key: 'sk-hidden\n' }, /its key may hold only/],
  ])('%s', (_, wrong, sentence) => {
    const right = { id: 'a', type: 'openai', url: 'http://127.0.0.1:9/v1', key: KEY, prices: 'openai' }
    const build = () =>
      new Upstreams({
        configs: [{ ...right, marginBp: undefined, order: 0, ...wrong }],
        clock: { now: () => 1 },
      })
    expect(build).toThrow(sentence)
    expect(build).not.toThrow(/sk-hidden/)
  })
})
