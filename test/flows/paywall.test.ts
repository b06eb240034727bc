import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paywall, walletRouter } from '../../src/http/index.ts'
import { sleep } from '../../src/lib/index.ts'
import { satToMsat } from '../../src/money/index.ts'
import { type Listening, listening } from '../support/listening.ts'
import { bearer, faultsInBooks, isUntouched, problemIn, redeem, until } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const PRICE_SAT = 7
const HERE = fileURLToPath(import.meta.url)

let node: TestNode
let server: Listening
let baseUrl = ''
const seen = { served: 0, finished: 0, prices: 0 }

beforeAll(async () => {
  node = await startTestNode()
  server = await listening(createServer(shop()))
  baseUrl = server.url
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

function byQuery(request: Request): ReturnType<typeof satToMsat> {
  seen.prices += 1
  return satToMsat(Number(request.query['sats']))
}

/** A bare Express app of somebody else, with a wall before some of its routes. */
function shop(): Express {
  const app = express()
  const { rooms } = node.app
  const wall = paywall({ rooms, price: satToMsat(PRICE_SAT), timeoutMs: 300 })
  app.use(walletRouter(rooms))
  app.get('/free', (_, response) => void response.send('free'))
  app.use('/paid', wall, paidRoutes())
  app.get('/priced', paywall({ rooms, price: byQuery }), (_, response) => void response.send('priced'))
  // Express knows an error handler by its four arguments.
  // oxlint-disable-next-line max-params
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).json({ ours: error instanceof Error ? error.message : 'unknown' })
  })
  return app
}

function paidRoutes(): express.Router {
  const router = express.Router()
  router.use((_request, _response, next) => {
    seen.served += 1
    next()
  })
  router.get('/json', (_, response) => void response.json({ answer: 42 }))
  router.get('/send', (_, response) => void response.send('sent'))
  router.get('/end', (_, response) => void response.end('ended', 'utf8', () => undefined))
  router.get('/empty', (_, response) => void response.status(204).end())
  router.get('/redirect', (_, response) => response.redirect('/free'))
  router.get('/file', (_, response) => response.sendFile(HERE))
  router.get('/pipe', (_, response) => void Readable.from(['one ', 'two ', 'three']).pipe(response))
  router.get('/head', (_, response) => {
    response.writeHead(201, { 'content-type': 'text/plain', 'x-own': 'yes' })
    response.write('written ')
    response.end('by hand')
  })
  router.get('/stream', async (_, response) => {
    for (const piece of ['a', 'b', 'c']) {
      response.write(piece)
      await sleep(20)
    }
    response.end()
  })
  router.get('/large', (_, response) => void Readable.from(largePieces()).pipe(response))
  router.get('/slow', async (_, response) => {
    await sleep(150)
    response.send('slow')
    seen.finished += 1
  })
  router.get('/slow-failure', async (_, response) => {
    await sleep(150)
    response.status(500).send('no')
    seen.finished += 1
  })
  router.get('/next', (_request, _response, next) => next(new Error('handed on')))
  router.get('/throw', () => {
    throw new Error('thrown')
  })
  router.get('/reject', async () => {
    await sleep(5)
    throw new Error('rejected')
  })
  router.get(
    '/status/:status',
    (request, response) => void response.status(Number(request.params.status)).json({ no: 1 }),
  )
  router.get('/never', () => undefined)
  return router
}

function* largePieces(): Generator<Buffer> {
  for (let i = 0; i < 64; i += 1) yield Buffer.alloc(32 * 1024, i)
}

interface Got {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Got> {
  const response = await fetch(baseUrl + path, { headers, redirect: 'manual' })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const walletOf = (key: string): Promise<Record<string, unknown>> => node.get('/v1/wallet/info', key)
const json = ({
  text,
  ...rest
}: Got): { status: number; headers: Headers; body: Record<string, unknown> } => ({
  ...rest,
  body: Object(JSON.parse(text)),
})

/** How a one-shot payment of 100 sats was settled: what went back, by header or by the refund route. */
async function changeOf(ecash: string): Promise<number> {
  const response = await fetch(`${baseUrl}/v1/wallet/refund`, {
    method: 'POST',
    headers: { 'x-cashu': ecash },
  })
  const body = Object(await response.json())
  return response.status === 200 ? Number(body.sats) : -response.status
}

describe('an answer of a route behind the wall', () => {
  const ROWS = [
    { path: '/paid/json', status: 200, text: '{"answer":42}' },
    { path: '/paid/send', status: 200, text: 'sent' },
    { path: '/paid/end', status: 200, text: 'ended' },
    { path: '/paid/empty', status: 204, text: '' },
    { path: '/paid/redirect', status: 302, text: /free/ },
    { path: '/paid/file', status: 200, text: /An answer of a route behind the wall/i },
    { path: '/paid/pipe', status: 200, text: 'one two three' },
    { path: '/paid/head', status: 201, text: 'written by hand' },
    { path: '/paid/stream', status: 200, text: 'abc' },
  ]

  test.each(ROWS)('$path costs its price, by key and by ecash as key', async ({ path, status, text }) => {
    const key = await openWallet(node, 100)
    const ecash = await node.mint.mintEcash(100)
    for (const credential of [key, ecash]) {
      const got = await get(path, bearer(credential))
      expect(got.status).toBe(status)
      expect(got.text).toMatch(text)
      expect(await walletOf(credential)).toMatchObject({
        balance: (99 - PRICE_SAT) * 1000,
        reserved: 0,
        total_requests: 1,
      })
    }
  })

  test.each(ROWS)('$path gives the change of a one-shot payment', async ({ path, status, text }) => {
    for (const later of [{}, { 'x-cashu-change': 'later' }]) {
      const ecash = await node.mint.mintEcash(100)
      const got = await get(path, { 'x-cashu': ecash, ...later })
      expect(got.status).toBe(status)
      expect(got.text).toMatch(text)
      expect(await changeOf(ecash)).toBe(99 - PRICE_SAT)
      if ('x-cashu-change' in later) continue
      expect(got.headers.get('x-routstr-cost-msats')).toBe(String(PRICE_SAT * 1000))
      expect(await redeem(node.mint, String(got.headers.get('x-cashu')))).toBe(99 - PRICE_SAT)
    }
  })

  test('keeps its own headers', async () => {
    const key = await openWallet(node, 100)
    expect((await get('/paid/head', bearer(key))).headers.get('x-own')).toBe('yes')
    expect((await get('/paid/json', bearer(key))).headers.get('content-type')).toMatch(/^application\/json/)
    expect((await get('/paid/redirect', bearer(key))).headers.get('location')).toBe('/free')
  })

  test('of two megabytes comes whole, live and kept', async () => {
    const key = await openWallet(node, 100)
    const ecash = await node.mint.mintEcash(100)
    for (const headers of [bearer(key), { 'x-cashu': ecash }]) {
      const response = await fetch(`${baseUrl}/paid/large`, { headers })
      const bytes = Buffer.from(await response.arrayBuffer())
      expect(bytes.equals(Buffer.concat([...largePieces()]))).toBe(true)
    }
  })

  test('to HEAD and a conditional request is paid like any other, and does not hang', async () => {
    const key = await openWallet(node, 100)
    const head = await fetch(`${baseUrl}/paid/json`, { method: 'HEAD', headers: bearer(key) })
    expect(head.status).toBe(200)
    const etag = (await get('/paid/send', bearer(key))).headers.get('etag')
    expect(
      await get('/paid/send', {
        ...bearer(key),
        'if-none-match': String(etag),
        'cache-control': 'max-age=0',
      }),
    ).toMatchObject({
      status: 304,
    })
    expect(await walletOf(key)).toMatchObject({ balance: (99 - 3 * PRICE_SAT) * 1000, reserved: 0 })
  })
})

describe('a route that does not serve costs nothing and gives all change', () => {
  test.each([
    { path: '/paid/next', status: 500, text: 'handed on' },
    { path: '/paid/throw', status: 500, text: 'thrown' },
    { path: '/paid/reject', status: 500, text: 'rejected' },
    { path: '/paid/status/400', status: 400, text: '"no":1' },
    { path: '/paid/status/404', status: 404, text: '"no":1' },
    { path: '/paid/status/503', status: 503, text: '"no":1' },
    { path: '/paid/unknown', status: 404, text: 'Cannot GET' },
    { path: '/paid/never', status: 504, text: 'supplier_timeout' },
  ])('$path', async ({ path, status, text }) => {
    const key = await openWallet(node, 100)
    const byKey = await get(path, bearer(key))
    expect(byKey).toMatchObject({ status, text: expect.stringContaining(text) })
    expect(await walletOf(key)).toMatchObject({ balance: 99_000, reserved: 0 })
    const ecash = await node.mint.mintEcash(100)
    const byEcash = await get(path, { 'x-cashu': ecash })
    expect(byEcash).toMatchObject({ status, text: expect.stringContaining(text) })
    expect(await changeOf(ecash)).toBe(99)
    expect(await redeem(node.mint, String(byEcash.headers.get('x-cashu')))).toBe(99)
  })
})

describe('the price', () => {
  test('may depend on the request, and is asked once', async () => {
    const key = await openWallet(node, 100)
    seen.prices = 0
    expect(await get('/priced?sats=3', bearer(key))).toMatchObject({ status: 200 })
    expect(await get('/priced?sats=11', bearer(key))).toMatchObject({ status: 200 })
    expect(seen.prices).toBe(2)
    expect(await walletOf(key)).toMatchObject({ balance: (99 - 14) * 1000 })
  })

  test('that cannot be told is an error, and nothing is taken', async () => {
    const ecash = await node.mint.mintEcash(100)
    expect(await get('/priced', { 'x-cashu': ecash })).toMatchObject({ status: 500 })
    expect(isUntouched(node.mint, ecash)).toBe(true)
  })
})

describe('who does not pay does not get in', () => {
  test('without a credential, with too little, with junk, with a wrong key', async () => {
    const served = seen.served
    const none = json(await get('/paid/json'))
    expect(problemIn({ ...none })).toMatchObject({ status: 402, code: 'payment_required' })
    expect(none.headers.get('x-cashu')).toMatch(/^creqA/)
    const small = await node.mint.mintEcash(PRICE_SAT)
    expect(problemIn(json(await get('/paid/json', { 'x-cashu': small })))).toMatchObject({
      status: 402,
      code: 'minimum_balance_required',
      details: { amount_required_msat: (PRICE_SAT + 1) * 1000 },
    })
    expect(isUntouched(node.mint, small)).toBe(true)
    expect(problemIn(json(await get('/paid/json', { 'x-cashu': 'junk' })))).toMatchObject({ status: 400 })
    expect(problemIn(json(await get('/paid/json', bearer(`sk-${'0'.repeat(64)}`))))).toMatchObject({
      status: 401,
    })
    const poor = await openWallet(node, PRICE_SAT)
    expect(problemIn(json(await get('/paid/json', bearer(poor))))).toMatchObject({
      status: 402,
      code: 'insufficient_balance',
    })
    expect(seen.served).toBe(served)
  })

  test('the stated amount gets in, and leaves no change', async () => {
    const exact = await node.mint.mintEcash(PRICE_SAT + 1)
    const got = await get('/paid/json', { 'x-cashu': exact })
    expect(got.status).toBe(200)
    expect(got.headers.get('x-cashu')).toBeNull()
    expect(await changeOf(exact)).toBe(-410)
  })

  test('routes beside the wall are free', async () => {
    expect(await get('/free')).toMatchObject({ status: 200, text: 'free' })
  })
})

describe('a caller who hangs up', () => {
  test.each([
    { path: '/paid/slow', charged: PRICE_SAT },
    { path: '/paid/slow-failure', charged: 0 },
  ])('on $path owes $charged sat, by how the route went on', async ({ path, charged }) => {
    const key = await openWallet(node, 100)
    const ecash = await node.mint.mintEcash(100)
    for (const headers of [bearer(key), { 'x-cashu': ecash }]) {
      const finished = seen.finished
      const gone = new AbortController()
      const started = seen.served
      const call = fetch(baseUrl + path, { headers, signal: gone.signal }).catch(() => 'gone')
      await until(() => seen.served > started)
      gone.abort()
      expect(await call).toBe('gone')
      await until(() => seen.finished > finished)
      await until(() => node.app.rooms.heartbeat.running === 0)
    }
    expect(await walletOf(key)).toMatchObject({ balance: (99 - charged) * 1000, reserved: 0 })
    expect(await changeOf(ecash)).toBe(99 - charged)
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
