import { createServer } from 'node:http'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { paywall } from '../../src/http/index.ts'
import { satToMsat } from '../../src/money/index.ts'
import { type Listening, listening } from '../support/listening.ts'
import { bearer, chat, faultsInBooks, problemIn, redeem, until, untilKnown } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
let second: PlayMint
beforeAll(async () => {
  second = await startPlayMint({ feePpk: 100 })
  node = await freshNode()
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await second.close()
})

const freshNode = (): Promise<TestNode> =>
  startTestNode({ moreMints: [second.url], app: { mintWaitMs: 300, mintTimeoutMs: 300 } })
const withdraw = (
  at: TestNode,
  key: string,
  { body = {}, ...headers }: { body?: unknown; 'idempotency-key'?: string } = {},
): Promise<TestReply> => at.post('/v1/wallet/withdraw', body, { ...bearer(key), ...headers })
const refund = (at: TestNode, key: string): Promise<TestReply> =>
  at.post('/v1/wallet/refund', '', bearer(key))
const topup = async (at: TestNode, key: string, ecash: Promise<string>): Promise<TestReply> =>
  at.post('/v1/wallet/topup', { cashu_token: await ecash }, bearer(key))
const loseAnswers = (mint: PlayMint): void =>
  mint.faults.setFaults((path) => (path === '/v1/keysets' ? undefined : 'drop_after'))

/** 99 sats come with one coin of 1 sat. Once both are paid out, an odd amount takes a swap of the node's own coins. */
async function takeLastOnes(at: TestNode, mint: string, helper: string): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    expect(await withdraw(at, helper, { body: { amount: 1, mint } })).toMatchObject({ status: 200 })
  }
}

describe('a withdrawal whose swap is in doubt', () => {
  test('is 503 as often as it is asked for again, never 402, and then the ecash, once', async () => {
    await using own = await freshNode()
    const helper = await openWallet(own, 100)
    const key = await openWallet(own, 100)
    await takeLastOnes(own, own.mint.url, helper)
    loseAnswers(own.mint)
    const wish = { body: { amount: 71 }, 'idempotency-key': 'w-1' }
    for (let i = 0; i < 2; i += 1) {
      expect(problemIn(await withdraw(own, key, wish))).toMatchObject({
        status: 503,
        code: 'cashu_mint_unreachable',
      })
    }
    const other = await withdraw(own, key, { ...wish, body: { amount: 10 } })
    expect(problemIn(other)).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
    own.mint.faults.clear()
    const paid = await untilKnown(() => withdraw(own, key, wish))
    expect(paid).toMatchObject({ status: 200, body: { amount: 71 } })
    expect(await redeem(own.mint, String(paid.body['cashu_token']))).toBe(71)
    expect(await own.get('/v1/wallet/info', key)).toMatchObject({ balance: 28_000 })
    expect(await faultsInBooks(own)).toBeUndefined()
  })

  test('names the key by which its ecash can be asked for, where it had none', async () => {
    await using own = await freshNode()
    const helper = await openWallet(own, 100)
    const key = await openWallet(own, 100)
    await takeLastOnes(own, own.mint.url, helper)
    loseAnswers(own.mint)
    const { status, message, details } = problemIn(await withdraw(own, key, { body: { amount: 71 } }))
    own.mint.faults.clear()
    expect(status).toBe(503)
    const name = String(details['idempotency_key'])
    expect(message).toContain(name)
    const paid = await untilKnown(() => withdraw(own, key, { body: { amount: 71 }, 'idempotency-key': name }))
    expect(await redeem(own.mint, String(paid.body['cashu_token']))).toBe(71)
  })

  test('as a refund comes before what another mint and a top-up have brought', async () => {
    await using own = await freshNode()
    const helper = await openWallet(own, 100)
    const key = await openWallet(own, 50)
    for (const each of [helper, key]) await topup(own, each, second.mintEcash(100))
    await takeLastOnes(own, second.url, helper)
    loseAnswers(second)
    expect(problemIn(await refund(own, key))).toMatchObject({ status: 503 })
    await topup(own, key, own.mint.mintEcash(20))
    second.faults.clear()
    const first = await untilKnown(() => refund(own, key))
    expect(first).toMatchObject({ status: 200, body: { sats: '99', mint: second.url } })
    expect(await redeem(second, String(first.body['token']))).toBe(99)
    const rest = await refund(own, key)
    expect(rest).toMatchObject({ status: 200, body: { sats: '68', mint: own.mint.url } })
    expect((await refund(own, key)).body['token']).toBe(rest.body['token'])
    expect(await faultsInBooks(own)).toBeUndefined()
  })
})

describe('an Idempotency-Key', () => {
  test('of two withdrawals at once with different wishes pays one and refuses the other', async () => {
    const key = await openWallet(node, 200)
    const all = await Promise.all(
      [10, 20].map((amount) => withdraw(node, key, { body: { amount }, 'idempotency-key': 'w-2' })),
    )
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 422]))
    expect(await node.get('/v1/wallet/info', key)).toMatchObject({
      balance: 199_000 - 1000 * Number(all.find(({ status }) => status === 200)?.body['amount']),
    })
  })

  test('that is too long to be kept is refused, not cut down to that of another withdrawal', async () => {
    const key = await openWallet(node, 100)
    const reply = await withdraw(node, key, { body: { amount: 1 }, 'idempotency-key': 'k'.repeat(256) })
    expect(problemIn(reply)).toMatchObject({ status: 400, code: 'idempotency_key_invalid' })
  })

  test('belongs to what pays: strangers behind the same Authorization header do not share answers', async () => {
    const shared = { authorization: 'Basic cHJveHk6cHJveHk=', 'idempotency-key': 'k-shared' }
    const [mine, yours] = [await openWallet(node, 100), await openWallet(node, 100)]
    for (const key of [mine, yours]) {
      const reply = await chat(node, { ...shared, 'x-api-key': key })
      expect(reply.status).toBe(200)
      expect(reply.headers.get('idempotency-replayed')).toBeNull()
    }
    expect(problemIn(await chat(node, shared))).toMatchObject({ status: 401, code: 'invalid_api_key' })
    const again = await chat(node, { ...shared, 'x-api-key': mine })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})

describe('a receive that breaks off by a fault of ours', () => {
  test('is 503, because it may have taken place', async () => {
    await using own = await freshNode()
    const key = await openWallet(own, 100)
    own.app.rooms.cashu.onCredited('topup', () => Promise.reject(new Error('a fault of ours')))
    const ecash = own.mint.mintEcash(20)
    for (let i = 0; i < 2; i += 1) {
      expect(problemIn(await topup(own, key, ecash))).toMatchObject({ status: 503 })
    }
    expect(await faultsInBooks(own)).toBeUndefined()
  })
})

describe('a route behind the wall', () => {
  const TIMEOUT_MS = 60
  let server: Listening
  let baseUrl = ''
  beforeAll(async () => {
    const app = express()
    const wall = paywall({ rooms: node.app.rooms, price: satToMsat(7), timeoutMs: TIMEOUT_MS })
    app.get('/stuck', wall, (_, response) => void response.write('a piece'))
    app.get('/stuck-failure', wall, (_, response) => void response.status(500).write('a piece'))
    app.get('/late/:ms', wall, (request, response) => {
      setTimeout(() => response.send('late'), Number(request.params['ms']))
    })
    app.get('/broken', (request, response) =>
      wall(request, response, () => {
        throw new Error('a fault of ours')
      }),
    )
    server = await listening(createServer(app))
    baseUrl = server.url
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const paidFor = async (path: string): Promise<{ text: string; balance: unknown; reserved: unknown }> => {
    const key = await openWallet(node, 100)
    const response = await fetch(baseUrl + path, { headers: bearer(key) })
    const text = await response.text().catch(() => 'cut')
    await until(() => node.app.rooms.heartbeat.running === 0)
    const { balance, reserved } = await node.get('/v1/wallet/info', key)
    return { text, balance, reserved }
  }

  test('that gets stuck after a piece has left owes its price, and the reply is cut', async () => {
    expect(await paidFor('/stuck')).toEqual({ text: 'cut', balance: 92_000, reserved: 0 })
    expect(await paidFor('/stuck-failure')).toEqual({ text: 'cut', balance: 99_000, reserved: 0 })
  })

  test('that answers in the moment of its timeout is either paid for or not delivered', async () => {
    for (let ms = TIMEOUT_MS - 2; ms <= TIMEOUT_MS + 3; ms += 1) {
      const { text, balance } = await paidFor(`/late/${ms}`)
      expect({ isDelivered: text === 'late', balance }).toEqual({
        isDelivered: balance === 92_000,
        balance: expect.any(Number),
      })
    }
  })

  test('that breaks costs nothing and leaves no hold open', async () => {
    expect(await paidFor('/broken')).toMatchObject({ balance: 99_000, reserved: 0 })
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
