import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express, { type NextFunction, type Request, type Response } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { createNode, type FareboxNode, paywall, type Price } from '../../src/index.ts'
import { type Listening, listening } from '../support/listening.ts'

let mint: PlayMint
let node: FareboxNode
let server: Listening
let base: string
const dataDir = mkdtempSync(join(tmpdir(), 'farebox-api-'))

const byLength = ({ body }: Request): Price => ({ msat: JSON.stringify(body).length * 100 })

/** Somebody's own app: it knows nothing of us but the two names it imports. */
beforeAll(async () => {
  mint = await startPlayMint({ feePpk: 100 })
  node = await createNode({ dataDir, mints: [mint.url] })
  const app = express()
  app.use(express.json())
  app.use(node.router)
  app.get('/free', (_, response) => void response.send('free'))
  app.get(
    '/joke',
    paywall({ node, price: { sat: 2 } }),
    (_, response) => void response.json({ joke: 'toll' }),
  )
  app.post(
    '/echo',
    paywall({ node, price: byLength }),
    (request, response) => void response.json(request.body),
  )
  app.get('/broken', paywall({ node, price: { sat: 2 } }), () => {
    throw new Error('This route is broken')
  })
  // oxlint-disable-next-line max-params -- Express knows an error handler by its four arguments
  app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).send('sorry')
  })
  server = await listening(createServer(app))
  base = server.url
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await node.close()
  await mint.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${base}${path}`, { headers })
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const balance = async (key: string): Promise<unknown> => {
  const response = await get('/v1/wallet/info', { authorization: `Bearer ${key}` })
  return Object(await response.json())['balance_msat']
}

describe('a paywall in somebody else’s app', () => {
  test('asks for the price, and names the mint', async () => {
    const response = await get('/joke')
    expect(response.status).toBe(402)
    expect(await response.json()).toMatchObject({
      error: { code: 'payment_required', details: { amount_required_msat: 3000, mints: [mint.url] } },
    })
  })

  test('lets a one-shot payment through and gives the change', async () => {
    const response = await get('/joke', { 'x-cashu': await mint.mintEcash(10) })
    expect(await response.json()).toEqual({ joke: 'toll' })
    expect(response.headers.get('x-routstr-cost-msats')).toBe('2000')
    const change = response.headers.get('x-cashu') ?? ''
    const wallet = await post('/v1/wallet/create', { cashu_token: change })
    expect(await wallet.json(), '10 − 1 − 2 came back, and 1 is its own fee').toMatchObject({ balance: 6 })
  })

  test('charges the wallet of ecash used as a key, by the request where the price is a function', async () => {
    const key = await mint.mintEcash(64)
    const headers = { authorization: `Bearer ${key}` }
    expect(await (await post('/echo', { a: 1 }, headers)).json()).toEqual({ a: 1 })
    expect(await balance(key), '64 sat − 1 for the mint − 7 characters at 0.1 sat').toBe(62_300)
    expect(await (await get('/joke', headers)).json()).toEqual({ joke: 'toll' })
    expect(await balance(key)).toBe(60_300)
  })

  test('takes nothing for a route that throws', async () => {
    const key = await mint.mintEcash(64)
    const response = await get('/broken', { authorization: `Bearer ${key}` })
    expect(response.status).toBe(500)
    expect(await balance(key)).toBe(63_000)
  })

  test('leaves the rest of the app as it was', async () => {
    const response = await get('/free')
    expect(await response.text()).toBe('free')
    expect([...response.headers.keys()].filter((name) => /^access-control|^x-r|farebox/.test(name))).toEqual(
      [],
    )
    const asked = await fetch(`${base}/free`, { method: 'OPTIONS' })
    expect(asked.headers.get('access-control-allow-origin')).toBeNull()
    const ours = await get('/v1/info', { origin: 'https://app.example' })
    expect(ours.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('what cannot be right is said at once', () => {
  test.each([{ sat: 0 }, { sat: 1.5 }, { msat: -1n }, { sat: Number.NaN }])('the price %o', (price) => {
    expect(() => paywall({ node, price })).toThrow(/price is (above zero|a whole number)/)
  })

  test('a node that is not ours', () => {
    const copy: FareboxNode = { ...node }
    expect(() => paywall({ node: copy, price: { sat: 1 } })).toThrow('createNode')
  })

  test.each([
    [{ margin: '10' }, 'The option margin is 10. Write a percentage'],
    [{ btcUsd: 1 }, 'The option btcUsd is 1. Write the dollars for one bitcoin'],
    [{ mints: ['mint.example'] }, 'The option mints has mint.example'],
    [{ dataDir: '' }, 'The option dataDir is empty'],
    [{ upstreams: [{ url: 'x', prices: 'openai' }] }, 'The option upstreams has x'],
  ])('the option %o', async (wrong, sentence) => {
    await expect(createNode({ dataDir: '/nowhere', mints: [], ...wrong })).rejects.toThrow(sentence)
  })
})
