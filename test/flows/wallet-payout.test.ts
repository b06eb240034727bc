import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import {
  bearer,
  chat,
  faultsInBooks,
  isUntouched,
  problemIn,
  redeem,
  until,
} from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
let second: PlayMint
beforeAll(async () => {
  second = await startPlayMint({ feePpk: 100 })
  node = await startTestNode({ moreMints: [second.url] })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await second.close()
})

const withdraw = (
  key: string,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<TestReply> => node.post('/v1/wallet/withdraw', body, { ...bearer(key), ...headers })
const refund = (key: string, body: unknown = ''): Promise<TestReply> =>
  node.post('/v1/wallet/refund', body, bearer(key))
const balanceOf = async (key: string): Promise<number> =>
  Number((await node.get('/v1/wallet/info', key))['balance'])

describe('withdraw', () => {
  test('pays any amount that the wallet has, to the last whole sat, as ecash that spends', async () => {
    // The node bears the fees of its own exchanges, so it has to hold a little more than this wallet has.
    await openWallet(node, 50)
    const key = await openWallet(node, 300)
    await chat(node, bearer(key))
    let left = await balanceOf(key)
    for (const amount of [2, 3, 63, 64, 65]) {
      const reply = await withdraw(key, { amount })
      expect(reply).toMatchObject({ status: 200, body: { amount, mint: node.mint.url, unit: 'sat' } })
      expect(await redeem(node.mint, String(reply.body['cashu_token']))).toBe(amount)
      left -= amount * 1000
      expect(await balanceOf(key)).toBe(left)
    }
    // One sat is less than the fee of exchanging it, but it is paid out all the same.
    const one = await withdraw(key, { amount: 1 })
    expect(isUntouched(node.mint, String(one.body['cashu_token']))).toBe(true)
    left -= 1000
    const rest = await withdraw(key)
    expect(rest).toMatchObject({ status: 200, body: { amount: Math.floor(left / 1000) } })
    expect(await redeem(node.mint, String(rest.body['cashu_token']))).toBe(Math.floor(left / 1000))
    expect(await balanceOf(key)).toBe(left % 1000)
    expect(problemIn(await withdraw(key))).toMatchObject({ status: 400, code: 'no_balance_to_refund' })
  })

  test('more than there is, and amounts that are none, move nothing', async () => {
    const key = await openWallet(node, 100)
    expect(problemIn(await withdraw(key, { amount: 100 }))).toMatchObject({
      status: 402,
      code: 'insufficient_balance',
    })
    for (const amount of [0, -1, 1.5, '10', 1e18]) {
      expect(problemIn(await withdraw(key, { amount }))).toMatchObject({
        status: 400,
        code: 'invalid_request',
        message: 'amount: write a whole number of sats, as 100. Nothing was moved.',
      })
    }
    expect(await balanceOf(key)).toBe(99_000)
  })

  test('with an Idempotency-Key is paid once, and another wish under that key is refused', async () => {
    const key = await openWallet(node, 100)
    const again = { 'idempotency-key': 'my withdrawal' }
    const all = await Promise.all(Array.from({ length: 5 }, () => withdraw(key, { amount: 30 }, again)))
    expect(new Set(all.map(({ status, body }) => `${status} ${String(body['cashu_token'])}`)).size).toBe(1)
    expect(await balanceOf(key)).toBe(69_000)
    expect(await withdraw(key, {}, again)).toMatchObject({ status: 200, body: { amount: 30 } })
    expect(problemIn(await withdraw(key, { amount: 31 }, again))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    const other = await openWallet(node, 100)
    expect((await withdraw(other, { amount: 30 }, again)).body['cashu_token']).not.toBe(
      all[0]?.body['cashu_token'],
    )
  })

  test('leaves alone what a running call has set aside', async () => {
    const key = await openWallet(node, 100)
    node.upstream.hold()
    const running = chat(node, bearer(key))
    await until(() => node.upstream.stats.waiting === 1)
    const info = await node.get('/v1/wallet/info', key)
    expect(Number(info['reserved'])).toBeGreaterThan(0)
    expect(Number(info['balance']) + Number(info['reserved'])).toBe(99_000)
    const all = await withdraw(key)
    expect(all.body['amount']).toBe(Math.floor(Number(info['balance']) / 1000))
    expect(problemIn(await refund(key))).toMatchObject({
      status: 400,
      code: 'refund_ongoing_requests',
      message: 'Cannot refund key. There are ongoing requests for this api key.',
    })
    node.upstream.release()
    expect(await running).toMatchObject({ status: 200 })
  })
})

describe('two mints', () => {
  test('no wallet takes more out of a mint than it paid in there', async () => {
    const key = await openWallet(node, 40)
    const topup = await second.mintEcash(60)
    expect(await node.post('/v1/wallet/topup', { cashu_token: topup }, bearer(key))).toMatchObject({
      status: 200,
    })
    await openWallet(node, 500)
    const tooMuch = await withdraw(key, { amount: 50, mint: node.mint.url })
    expect(problemIn(tooMuch)).toMatchObject({ status: 400, code: 'mint_not_funded' })
    const stranger = await withdraw(key, { amount: 1, mint: 'http://127.0.0.1:1' })
    expect(problemIn(stranger)).toMatchObject({ status: 400, code: 'mint_not_funded' })
    expect(problemIn(await withdraw(key, { amount: 90 }))).toMatchObject({
      status: 400,
      code: 'mint_not_funded',
    })
    const part = await withdraw(key, { amount: 9, mint: `${node.mint.url}/` })
    expect(await redeem(node.mint, String(part.body['cashu_token']))).toBe(9)
    const rest = await withdraw(key, { mint: node.mint.url })
    expect(rest).toMatchObject({ status: 200, body: { amount: 30, mint: node.mint.url } })
    expect(problemIn(await withdraw(key, { amount: 1, mint: node.mint.url }))).toMatchObject({
      code: 'mint_not_funded',
    })
    const last = await withdraw(key)
    expect(last).toMatchObject({ status: 200, body: { amount: 59, mint: second.url } })
    expect(await redeem(second, String(last.body['cashu_token']))).toBe(59)
    expect(await balanceOf(key)).toBe(0)
  })

  test('a refund pays one mint a call, and the next call pays the rest', async () => {
    const key = await openWallet(node, 40)
    await node.post('/v1/wallet/topup', { cashu_token: await second.mintEcash(60) }, bearer(key))
    const one = await refund(key)
    expect(one).toMatchObject({ status: 200, body: { sats: '59', mint: second.url } })
    expect(await redeem(second, String(one.body['token']))).toBe(59)
    const two = await refund(key)
    expect(two).toMatchObject({ status: 200, body: { sats: '39', mint: node.mint.url } })
    expect(await redeem(node.mint, String(two.body['token']))).toBe(39)
    expect(await refund(key)).toMatchObject({ status: 200, body: { token: two.body['token'] } })
  })
})

describe('refund', () => {
  test('without a body, with {} and many at once is one payout; after a top-up there is a new one', async () => {
    const key = await openWallet(node, 100)
    const first = await refund(key)
    expect(first).toMatchObject({ status: 200, body: { sats: '99', unit: 'sat' } })
    const repeated = await Promise.all([refund(key, {}), refund(key), refund(key, {})])
    for (const reply of repeated)
      expect(reply).toMatchObject({ status: 200, body: { token: first.body['token'] } })
    expect(await redeem(node.mint, String(first.body['token']))).toBe(99)
    await node.post('/v1/wallet/topup', { cashu_token: await node.mint.mintEcash(50) }, bearer(key))
    const later = await Promise.all(Array.from({ length: 5 }, () => refund(key)))
    expect(new Set(later.map(({ body }) => body['token'])).size).toBe(1)
    expect(await redeem(node.mint, String(later[0]?.body['token']))).toBe(49)
    expect(await balanceOf(key)).toBe(0)
  })

  test('the same payout again after a restart', async () => {
    const first = await startTestNode()
    const key = await openWallet(first, 100)
    const paid = await first.post('/v1/wallet/refund', '', bearer(key))
    const next = await first.restart()
    expect((await next.post('/v1/balance/refund/', '', bearer(key))).body['token']).toBe(paid.body['token'])
    await next[Symbol.asyncDispose]()
  })

  test('of a wallet that has no whole sat is no_balance_to_refund, in the words that clients match', async () => {
    const key = await openWallet(node, 50)
    await withdraw(key)
    expect(problemIn(await refund(key))).toMatchObject({
      status: 400,
      code: 'no_balance_to_refund',
      message: expect.stringContaining('No balance to refund'),
    })
  })

  test('refunds, top-ups and calls at once conserve every sat', async () => {
    const key = await openWallet(node, 200)
    const topups = await Promise.all(Array.from({ length: 4 }, () => node.mint.mintEcash(64)))
    const work = topups.flatMap((ecash) => [
      node.post('/v1/wallet/topup', { cashu_token: ecash }, bearer(key)),
      chat(node, bearer(key)),
      refund(key),
      withdraw(key, { amount: 7 }),
    ])
    const replies = await Promise.all(work)
    const given = new Set(
      replies
        .flatMap(({ body }) => [body['token'], body['cashu_token']])
        .filter((ecash) => typeof ecash === 'string'),
    )
    let out = 0
    for (const ecash of given) out += await redeem(node.mint, ecash)
    const { balance, total_spent: spent } = await node.get('/v1/wallet/info', key)
    expect(out * 1000 + Number(balance) + Number(spent)).toBe((199 + 4 * 63) * 1000)
  })
})

describe('a mint that has a new keyset', () => {
  test('pays old money out as ecash that spends; ecash of the new one is taken as soon as the mint may be asked', async () => {
    let ahead = 0
    const rotating = await startTestNode({ app: { clock: { now: () => Date.now() + ahead } } })
    const key = await openWallet(rotating, 100)
    rotating.mint.rotate({ feePpk: 200 })
    const fresh = await rotating.mint.mintEcash(32)
    const add = (): Promise<TestReply> =>
      rotating.post('/v1/wallet/topup', { cashu_token: fresh }, bearer(key))
    const early = await add()
    expect(problemIn(early)).toMatchObject({ status: 503, code: 'cashu_mint_rate_limited' })
    expect(early.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(isUntouched(rotating.mint, fresh)).toBe(true)
    const part = await rotating.post('/v1/wallet/withdraw', { amount: 33 }, bearer(key))
    expect(await redeem(rotating.mint, String(part.body['cashu_token']))).toBe(33)
    ahead = 11_000
    expect(await add()).toMatchObject({ status: 200, body: { amount_added: 31 } })
    const rest = await rotating.post('/v1/wallet/refund', '', bearer(key))
    expect(await redeem(rotating.mint, String(rest.body['token']))).toBe(99 - 33 + 31)
    expect(await faultsInBooks(rotating)).toBeUndefined()
    await rotating[Symbol.asyncDispose]()
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
