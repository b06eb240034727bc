import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EcashOptions } from '../../src/demo/index.ts'
import { bearer, chat, faultsInBooks, isUntouched, problemIn, redeem } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const PREFIXES = ['/v1/wallet', '/v1/balance', '/wallet', '/balance']

describe('create', () => {
  test('by cashu_token answers sats beside msat, both keys, mint and unit', async () => {
    const ecash = await node.mint.mintEcash(100)
    const reply = await node.post('/v1/wallet/create', { cashu_token: ecash })
    expect(reply).toMatchObject({
      status: 200,
      body: { balance: 99, balance_msat: 99_000, mint: node.mint.url, unit: 'sat' },
    })
    expect(reply.body['api_key']).toMatch(/^sk-[0-9a-f]{64}$/)
    expect(reply.body['admin_key']).toMatch(/^radmin_/)
    expect(reply.headers.get('cache-control')).toBe('no-store')
  })

  test('again gives the same key and never an admin key, not even one that is brought', async () => {
    const ecash = await node.mint.mintEcash(100)
    const own = 'radmin_of_my_own_making'
    const first = await node.post('/v1/wallet/create', { cashu_token: ecash, admin_key: own })
    expect(first.body['admin_key']).toBe(own)
    const again = await node.post('/v1/balance/create/', {
      cashu_token: ecash,
      admin_key: 'radmin_of_somebody_else',
    })
    expect(again).toMatchObject({ status: 200, body: { api_key: first.body['api_key'], balance: 99 } })
    expect(again.body).not.toHaveProperty('admin_key')
  })

  test.each(['initial_balance_token', 'token'])(
    'by %s answers msat, in body and query, under every prefix',
    async (name) => {
      for (const prefix of PREFIXES) {
        const ecash = await node.mint.mintEcash(100)
        const posted = await node.post(`${prefix}/create`, { [name]: ecash })
        expect(posted).toMatchObject({ status: 200, body: { balance: 99_000 } })
        expect(await node.get(`${prefix}/create?${name}=${ecash}`)).toEqual(posted.body)
        const other = await node.mint.mintEcash(100)
        expect(await node.get(`${prefix}/create/?${name}=${encodeURIComponent(other)}`)).toMatchObject({
          api_key: expect.stringMatching(/^sk-/),
          balance: 99_000,
        })
      }
    },
  )

  test.each([
    { name: 'no ecash', body: {}, code: 'invalid_request' },
    { name: 'ecash that is a number', body: { cashu_token: 4 }, code: 'invalid_request' },
    { name: 'a short admin key', body: { cashu_token: 'x', admin_key: 'short' }, code: 'invalid_request' },
    { name: 'malformed JSON', body: '{"cashu_token":', code: 'invalid_json' },
    { name: 'a repeated key', body: '{"cashu_token":"a","cashu_token":"b"}', code: 'duplicate_key' },
  ])('with $name is refused', async ({ body, code }) => {
    expect(problemIn(await node.post('/v1/wallet/create', body))).toMatchObject({ status: 400, code })
  })

  test.each<{ name: string; options: EcashOptions; prefix?: string }>([
    { name: 'V3', options: { version: 'A' } },
    { name: 'V3 with a memo', options: { version: 'A', memo: 'für dich' } },
    { name: 'V4 with a memo', options: { memo: 'for you' } },
    { name: 'without DLEQ', options: { dleq: false } },
    { name: 'as a cashu: address', options: {}, prefix: 'cashu:' },
    { name: 'in many coins', options: { split: Array.from({ length: 100 }, () => 1) } },
  ])('takes ecash $name', async ({ options, prefix = '' }) => {
    const ecash = prefix + (await node.mint.mintEcash(100, options))
    const fee = options.split ? 10 : 1
    const reply = await node.post('/v1/wallet/create', { cashu_token: ecash })
    expect(reply).toMatchObject({ status: 200, body: { balance: 100 - fee } })
    expect((await node.get('/v1/wallet/info', ecash))['api_key']).toBe(reply.body['api_key'])
  })

  test('takes ecash of keysets of version 1, and of several keysets at once', async () => {
    const other = await startTestNode({ mint: { feePpk: 0, keysetVersion: 1 } })
    const before = await other.mint.mintEcash(64)
    other.mint.rotate({ feePpk: 100 })
    const after = await other.mint.mintEcash(64)
    for (const ecash of [before, after]) {
      expect(await other.post('/v1/wallet/create', { cashu_token: ecash })).toMatchObject({ status: 200 })
    }
    expect(await faultsInBooks(other)).toBeUndefined()
    await other[Symbol.asyncDispose]()
  })
})

describe('info and balance', () => {
  test('info is in msat with the fields that clients read, under every prefix, with and without slash', async () => {
    const key = await openWallet(node, 100)
    for (const prefix of PREFIXES) {
      for (const path of ['', '/', '/info', '/info/']) {
        expect(await node.get(`${prefix}${path}`, key)).toMatchObject({
          api_key: key,
          balance: 99_000,
          reserved: 0,
          is_child: false,
          total_requests: 0,
          total_spent: 0,
          balance_limit: null,
          balance_limit_reset: null,
          validity_date: null,
        })
      }
      expect(await node.get(`${prefix}/balance`, key)).toMatchObject({
        balance: 99,
        balance_msat: 99_000,
        reserved_msat: 0,
      })
    }
  })

  test('fresh ecash becomes a wallet, the ecash stays its alias, and after a stream the balance is final', async () => {
    const ecash = await node.mint.mintEcash(100)
    const info = await node.get('/v1/wallet/info', ecash)
    const key = String(info['api_key'])
    const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...bearer(ecash), 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o',
        stream: true,
        messages: [{ role: 'user', content: 'Go' }],
        max_tokens: 90,
      }),
    })
    expect(await response.text()).toContain('[DONE]')
    const after = await node.get('/v1/balance/info', key)
    expect(after).toEqual({ ...(await node.get('/wallet/info', ecash)), api_key: key })
    expect(after).toMatchObject({ api_key: key, reserved: 0, total_requests: 1 })
    expect(Number(after['total_spent'])).toBeGreaterThan(0)
    expect(Number(after['balance']) + Number(after['total_spent'])).toBe(99_000)
  })
})

describe('topup', () => {
  test('by JSON and by query, once for each ecash, however often it is sent', async () => {
    const key = await openWallet(node, 100)
    const [one, two] = [await node.mint.mintEcash(50), await node.mint.mintEcash(50)]
    const ways = [
      () => node.post('/v1/wallet/topup', { cashu_token: one }, bearer(key)),
      () => node.post(`/v1/balance/topup/?cashu_token=${two}`, '', bearer(key)),
    ]
    for (const [i, way] of ways.entries()) {
      const balance = 99 + 49 * (i + 1)
      const answer = {
        msats: 49_000,
        balance,
        balance_msat: balance * 1000,
        amount_added: 49,
        currency: 'sat',
      }
      expect(await way()).toMatchObject({ status: 200, body: answer })
      expect(await way()).toMatchObject({ status: 200, body: answer })
    }
  })

  test('a body that cannot be read leaves the ecash in the place of the key unspent', async () => {
    const ecash = await node.mint.mintEcash(100)
    for (const body of ['{', {}, { cashu_token: 'junk' }]) {
      expect(problemIn(await node.post('/v1/wallet/topup', body, bearer(ecash)))).toMatchObject({
        status: 400,
      })
    }
    expect(problemIn(await node.post('/v1/wallet/withdraw', { amount: -1 }, bearer(ecash)))).toMatchObject({
      status: 400,
    })
    expect(isUntouched(node.mint, ecash)).toBe(true)
  })

  test('after the top-up that a 402 asks for, the call is served', async () => {
    const key = await openWallet(node, 3)
    const dear = {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'word '.repeat(4000) }],
      max_tokens: 500,
    }
    const { status, code, type, details } = problemIn(await chat(node, bearer(key), dear))
    expect({ status, code, type }).toEqual({
      status: 402,
      code: 'insufficient_balance',
      type: 'insufficient_quota',
    })
    const missing = Math.ceil(
      (Number(details['amount_required_msat']) - Number(details['balance_msat'])) / 1000,
    )
    await node.post('/v1/wallet/topup', { cashu_token: await node.mint.mintEcash(missing + 1) }, bearer(key))
    expect(await chat(node, bearer(key), dear)).toMatchObject({ status: 200 })
  })
})

describe('the raw ecash of a wallet', () => {
  test('pays it out as long as nobody used the sk- key; from then on it only calls and reads', async () => {
    const ecash = await node.mint.mintEcash(100)
    const key = String((await node.get('/v1/wallet/info', ecash))['api_key'])
    const early = await node.post('/v1/wallet/withdraw', { amount: 10 }, bearer(ecash))
    expect(await redeem(node.mint, String(early.body['cashu_token']))).toBe(10)
    await node.get('/v1/wallet/info', key)
    for (const path of ['withdraw', 'refund']) {
      expect(problemIn(await node.post(`/v1/wallet/${path}`, {}, bearer(ecash)))).toMatchObject({
        status: 403,
        code: 'raw_ecash_not_allowed',
      })
    }
    const info = await node.get('/v1/wallet/info', ecash)
    expect(info).toMatchObject({ balance: 89_000 })
    expect(info).not.toHaveProperty('api_key')
    expect((await node.post('/v1/wallet/create', { cashu_token: ecash })).body).not.toHaveProperty('api_key')
    expect(await chat(node, bearer(ecash))).toMatchObject({ status: 200 })
    expect(await node.post('/v1/wallet/refund', {}, bearer(key))).toMatchObject({ status: 200 })
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
