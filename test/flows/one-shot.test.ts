import { getEncodedToken } from '@cashu/cashu-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bearer,
  chat,
  faultsInBooks,
  isUntouched,
  problemIn,
  proofsOf,
  redeem,
  until,
  untilKnown,
} from '../support/money-claims.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const pay = (ecash: string, body?: Record<string, unknown>): Promise<TestReply> =>
  chat(node, { 'x-cashu': ecash }, body)
const claim = (ecash: string, prefix = '/v1/wallet'): Promise<TestReply> =>
  node.post(`${prefix}/refund`, '', { 'x-cashu': ecash })

/** A call that needs dozens of sats, most of them for its output. */
const DEAR = {
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'word '.repeat(1000) }],
  max_tokens: 4000,
}

describe('ecash below the gate', () => {
  test('is 402 with the exact amount and no X-Cashu, and is not redeemed; that amount is then taken', async () => {
    const small = await node.mint.mintEcash(2)
    const reply = await pay(small, DEAR)
    const { status, code, details } = problemIn(reply)
    expect({ status, code }).toEqual({ status: 402, code: 'minimum_balance_required' })
    expect(reply.headers.get('x-cashu')).toBeNull()
    expect(isUntouched(node.mint, small)).toBe(true)
    const required = Number(details['amount_required_msat'])
    expect(reply.body['detail']).toMatchObject({
      reason: 'Insufficient balance',
      type: 'minimum_balance_required',
      amount_required_msat: required,
      model: 'gpt-4o',
    })
    const paid = await pay(await node.mint.mintEcash(Math.ceil(required / 1000)), DEAR)
    expect(paid).toMatchObject({ status: 200 })
  })

  test('one sat below the stated minimum is 402, the minimum itself is served', async () => {
    const { details } = problemIn(await pay(await node.mint.mintEcash(2), DEAR))
    const minimum = Number(details['minimum_msat']) / 1000
    const below = await node.mint.mintEcash(minimum - 1)
    expect(problemIn(await pay(below, DEAR))).toMatchObject({ status: 402, code: 'minimum_balance_required' })
    expect(isUntouched(node.mint, below)).toBe(true)
    const served = await pay(await node.mint.mintEcash(minimum), DEAR)
    expect(served).toMatchObject({ status: 200 })
    expect(served.headers.get('x-farebox-clamped')).toMatch(/^max_tokens=\d+$/)
  })

  test('without a clamp the whole ceiling has to be there, before anything is redeemed', async () => {
    const { details } = problemIn(await pay(await node.mint.mintEcash(2), DEAR))
    const minimum = await node.mint.mintEcash(Number(details['minimum_msat']) / 1000)
    const reply = await chat(node, { 'x-cashu': minimum, 'x-farebox-clamp': 'no' }, DEAR)
    const refusal = problemIn(reply)
    expect(refusal).toMatchObject({ status: 402, code: 'minimum_balance_required' })
    expect(isUntouched(node.mint, minimum)).toBe(true)
    const whole = await node.mint.mintEcash(Number(refusal.details['amount_required_msat']) / 1000)
    const served = await chat(node, { 'x-cashu': whole, 'x-farebox-clamp': 'no' }, DEAR)
    expect(served).toMatchObject({ status: 200 })
    expect(served.headers.get('x-farebox-clamped')).toBeNull()
  })
})

describe('the states of a payment', () => {
  test('running: 425 on a paid call and at the refund route; resolved: 400 and the same change every time', async () => {
    const ecash = await node.mint.mintEcash(100)
    node.upstream.hold()
    const first = pay(ecash)
    await until(() => node.upstream.stats.waiting === 1)
    for (const reply of [await pay(ecash), await claim(ecash), await claim(ecash, '/v1/balance')]) {
      expect(problemIn(reply)).toMatchObject({ status: 425, code: 'payment_running' })
      expect(reply.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    node.upstream.release()
    const paid = await first
    const change = paid.headers.get('x-cashu')
    expect(paid.status).toBe(200)
    const again = await pay(ecash)
    expect(problemIn(again)).toMatchObject({
      status: 400,
      code: 'cashu_token_already_spent',
      type: 'token_already_spent',
      message: expect.stringContaining('/v1/wallet/refund'),
    })
    expect(again.headers.get('x-cashu')).toBeNull()
    const cost = Number(paid.headers.get('x-routstr-cost-msats'))
    const sats = 99 - Math.ceil(cost / 1000)
    for (const prefix of ['/v1/wallet', '/v1/balance', '/v1/wallet', '/wallet']) {
      const claimed = await claim(ecash, prefix)
      expect(claimed).toMatchObject({ status: 200, body: { token: change, sats: String(sats), unit: 'sat' } })
      expect(claimed.headers.get('x-cashu')).toBe(change)
      expect(claimed.headers.get('x-routstr-cost-msats')).toBe(String(cost))
    }
    expect(await redeem(node.mint, String(change))).toBe(sats)
  })

  test('the same ecash in another encoding is the same payment', async () => {
    const ecash = await node.mint.mintEcash(100)
    expect((await pay(ecash)).status).toBe(200)
    const other = getEncodedToken({
      mint: `${node.mint.url}/`,
      proofs: proofsOf(ecash).toReversed(),
      memo: 'again',
    })
    expect(other).not.toBe(ecash)
    expect(problemIn(await pay(other))).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
    expect((await claim(other)).body['token']).toBe((await claim(ecash)).body['token'])
  })

  test('never seen: 404 at the refund route, and it stays unspent', async () => {
    const ecash = await node.mint.mintEcash(10)
    expect(problemIn(await claim(ecash))).toMatchObject({
      status: 404,
      message: expect.stringContaining('Refund not found'),
    })
    expect(isUntouched(node.mint, ecash)).toBe(true)
  })

  test('fully consumed: no X-Cashu, then 410 with the cost', async () => {
    const { details } = problemIn(await pay(await node.mint.mintEcash(2), { ...DEAR, max_tokens: 1 }))
    const ecash = await node.mint.mintEcash(Number(details['minimum_msat']) / 1000)
    node.upstream.behave('usage_huge')
    const paid = await pay(ecash, { ...DEAR, max_tokens: 1 })
    node.upstream.behave(undefined)
    expect(paid.status).toBe(200)
    expect(paid.headers.get('x-cashu')).toBeNull()
    const reply = await claim(ecash)
    expect(problemIn(reply)).toMatchObject({
      status: 410,
      type: 'token_already_spent',
      message: expect.stringContaining('Payment fully consumed; no change is due'),
    })
    expect(reply.headers.get('x-routstr-cost-msats')).toBe(paid.headers.get('x-routstr-cost-msats'))
  })

  test('it overlaps another payment in part: 409, not to be retried, and the rest stays unspent', async () => {
    const [one, two] = [await node.mint.mintEcash(64), await node.mint.mintEcash(64)]
    expect((await pay(one)).status).toBe(200)
    const both = getEncodedToken({ mint: node.mint.url, proofs: [...proofsOf(one), ...proofsOf(two)] })
    for (const reply of [await pay(both), await claim(both)]) {
      expect(problemIn(reply)).toMatchObject({ status: 409, code: 'payment_overlaps' })
      expect(reply.headers.get('x-should-retry')).toBe('false')
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    expect(isUntouched(node.mint, two)).toBe(true)
    expect((await pay(two)).status).toBe(200)
  })

  test('in doubt: 503; a retry joins its receive and becomes the call', async () => {
    const ecash = await node.mint.mintEcash(100)
    node.mint.faults.setFaults((path) => (path === '/v1/keysets' ? undefined : 'drop_after'))
    const reply = await pay(ecash)
    expect(problemIn(reply)).toMatchObject({ status: 503, code: 'cashu_mint_unreachable' })
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(reply.headers.get('x-cashu')).toBeNull()
    expect(problemIn(await claim(ecash))).toMatchObject({ status: 503 })
    node.mint.faults.clear()
    const retried = await pay(ecash)
    expect(retried).toMatchObject({ status: 200 })
    expect(retried.headers.get('x-cashu')).toMatch(/^cashuB/)
    expect(problemIn(await pay(ecash))).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
  })

  test('a failed call gives all of it back, in the header and in the body, and again at the refund route', async () => {
    for (const how of ['status_500', 'status_401', 'garbage', 'cut_mid_content'] as const) {
      const ecash = await node.mint.mintEcash(100)
      node.upstream.behave(how)
      const reply = await pay(ecash)
      node.upstream.behave(undefined)
      expect(problemIn(reply)).toMatchObject({ status: 424, code: 'UPSTREAM_UNAVAILABLE' })
      const change = reply.headers.get('x-cashu')
      expect(reply.body['error']).toMatchObject({ refund_token: change })
      expect((await claim(ecash)).body['token']).toBe(change)
      expect(await redeem(node.mint, String(change))).toBe(99)
    }
  })
})

describe('credited, and its call never came', () => {
  test('at the next start all of it is at the refund route', async () => {
    const lost = await startTestNode()
    const ecash = await lost.mint.mintEcash(100)
    lost.mint.faults.setFaults((path) =>
      path === '/v1/swap' || path === '/v1/restore' ? 'drop_after' : undefined,
    )
    expect(problemIn(await chat(lost, { 'x-cashu': ecash }))).toMatchObject({ status: 503 })
    lost.mint.faults.clear()
    const next = await lost.restart()
    const claimed = await untilKnown(() => next.post('/v1/wallet/refund', '', { 'x-cashu': ecash }))
    expect(claimed).toMatchObject({ status: 200, body: { sats: '99' } })
    expect(await redeem(next.mint, String(claimed.body['token']))).toBe(99)
    expect(problemIn(await chat(next, { 'x-cashu': ecash }))).toMatchObject({
      status: 400,
      code: 'cashu_token_already_spent',
    })
    expect(await faultsInBooks(next)).toBeUndefined()
    await next[Symbol.asyncDispose]()
  })
})

describe('first use fixes what ecash is', () => {
  test('wallet ecash is no payment', async () => {
    const ecash = await node.mint.mintEcash(100)
    expect((await chat(node, bearer(ecash))).status).toBe(200)
    for (const reply of [await pay(ecash), await claim(ecash)]) {
      expect(problemIn(reply)).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
    expect((await chat(node, bearer(ecash))).status).toBe(200)
  })

  test('neither a payment nor a top-up is a key, a top-up or a wallet', async () => {
    const payment = await node.mint.mintEcash(100)
    expect((await pay(payment)).status).toBe(200)
    const wallet = await node.mint.mintEcash(100)
    const topup = await node.mint.mintEcash(50)
    const added = await node.post('/v1/wallet/topup', { cashu_token: topup }, bearer(wallet))
    expect(added).toMatchObject({ status: 200, body: { msats: 49_000 } })
    for (const used of [payment, topup]) {
      for (const reply of [
        await chat(node, bearer(used)),
        await node.post('/v1/wallet/withdraw', {}, bearer(used)),
      ]) {
        expect(problemIn(reply)).toMatchObject({
          status: 401,
          code: 'invalid_api_key',
          message: expect.stringContaining('proofs already spent'),
        })
      }
      const created = await node.post('/v1/wallet/create', { cashu_token: used })
      expect(problemIn(created)).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
      expect(problemIn(await pay(used))).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
    }
    const other = await node.post('/v1/wallet/topup', { cashu_token: payment }, bearer(wallet))
    expect(problemIn(other)).toMatchObject({ status: 400, code: 'cashu_token_already_spent' })
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
