import { decodePaymentRequest } from '@cashu/cashu-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, chat, isUntouched, problemIn } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

describe('a request without a credential', () => {
  test('on a priced route is 402 with a payment request that a wallet can pay exactly', async () => {
    const body = {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'word '.repeat(1000) }],
      max_tokens: 2000,
    }
    const reply = await chat(node, {}, body)
    const { status, code, details } = problemIn(reply)
    expect({ status, code }).toEqual({ status: 402, code: 'payment_required' })
    const asked = decodePaymentRequest(String(reply.headers.get('x-cashu')))
    expect(reply.headers.get('x-cashu')).toMatch(/^creqA/)
    expect(asked).toMatchObject({ unit: 'sat', mints: [node.mint.url] })
    const sats = Number(asked.amount)
    expect(details).toMatchObject({ amount_required_msat: sats * 1000, mints: [node.mint.url] })
    const paid = await chat(node, { 'x-cashu': await node.mint.mintEcash(sats) }, body)
    expect(paid).toMatchObject({ status: 200 })
  })

  test('on a wallet route is 401, and on free routes no credential is asked for', async () => {
    for (const path of ['/v1/wallet/info', '/v1/wallet/', '/v1/balance', '/v1/balance/balance']) {
      const response = await fetch(node.baseUrl + path)
      const body = Object(await response.json())
      expect(problemIn({ status: response.status, headers: response.headers, body })).toMatchObject({
        status: 401,
        code: 'missing_api_key',
      })
      expect(response.headers.get('x-cashu')).toBeNull()
    }
    for (const path of ['/v1/models', '/models', '/health', '/ping', '/', '/v1/models/gpt-4o', '/v1/info']) {
      expect(await fetch(node.baseUrl + path)).toMatchObject({ status: 200 })
    }
  })
})

describe('a request with several credentials', () => {
  test('is paid by its X-Cashu, and the others are not touched', async () => {
    const key = await openWallet(node, 100)
    const asKey = await node.mint.mintEcash(100)
    const payment = await node.mint.mintEcash(100)
    const byBoth = await chat(node, { ...bearer(key), 'x-cashu': payment })
    expect(byBoth.headers.get('x-cashu')).toMatch(/^cashuB/)
    expect(await node.get('/v1/wallet/info', key)).toMatchObject({ balance: 99_000, total_requests: 0 })
    const other = await node.mint.mintEcash(100)
    expect(await chat(node, { ...bearer(asKey), 'x-api-key': asKey, 'x-cashu': other })).toMatchObject({
      status: 200,
    })
    expect(isUntouched(node.mint, asKey)).toBe(true)
  })

  test('a payment that is refused is not made good by the key beside it', async () => {
    const key = await openWallet(node, 100)
    const reply = await chat(node, { ...bearer(key), 'x-cashu': 'junk' })
    expect(problemIn(reply)).toMatchObject({ status: 400, code: 'invalid_cashu_token' })
    expect(await node.get('/v1/wallet/info', key)).toMatchObject({ balance: 99_000 })
  })
})
