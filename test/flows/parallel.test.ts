import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEcash } from '../../src/cashu/index.ts'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { balanceOf } from '../../src/ledger/index.ts'
import { bearer, chat, faultsInBooks, problemIn, until } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
let second: PlayMint
beforeAll(async () => {
  second = await startPlayMint({ feePpk: 100 })
  node = await startTestNode({
    moreMints: [second.url],
    app: { timeouts: { firstByteMs: 20_000, wholeFirstByteMs: 20_000, idleMs: 20_000, totalMs: 40_000 } },
  })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await second.close()
})

/** Sends everything while the upstream holds, and lets it go once `decided` are refused or stand at the gate. */
async function atOnce(
  calls: readonly (() => Promise<TestReply>)[],
  look?: () => Promise<void>,
): Promise<TestReply[]> {
  node.upstream.hold()
  let refused = 0
  const replies = calls.map(async (call) => {
    const reply = await call()
    refused += 1
    return reply
  })
  try {
    await until(() => refused + node.upstream.stats.waiting === calls.length)
    await look?.()
  } finally {
    node.upstream.release()
  }
  return Promise.all(replies)
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)
const DEAR = { model: 'gpt-4o', messages: [{ role: 'user', content: 'word '.repeat(200) }], max_tokens: 1000 }

/** What one call of somebody rich sets aside, in msat. */
async function ceilingOf(body: Record<string, unknown>): Promise<number> {
  const key = await openWallet(node, 10_000)
  let reserved = 0
  await atOnce([() => chat(node, bearer(key), body)], async () => {
    reserved = Number((await node.get('/v1/wallet/info', key))['reserved'])
  })
  expect(reserved).toBeGreaterThan(0)
  return reserved
}

/** An `sk-` key whose wallet has this many msat, to the next sat. */
async function walletOf(msats: number): Promise<string> {
  const sats = Math.ceil(msats / 1000)
  const key = await openWallet(node, sats + 10)
  const has = Number((await node.get('/v1/wallet/info', key))['balance'])
  await node.post('/v1/wallet/withdraw', { amount: has / 1000 - sats }, bearer(key))
  expect(await node.get('/v1/wallet/info', key)).toMatchObject({ balance: sats * 1000 })
  return key
}

describe('50 calls at once on one wallet', () => {
  test('that is funded for ten ceilings: without a clamp exactly ten are served', async () => {
    const ceiling = await ceilingOf(DEAR)
    const key = await walletOf(10 * ceiling)
    const unclamped = { ...bearer(key), 'x-farebox-clamp': 'no' }
    const replies = await atOnce(times(50, () => () => chat(node, unclamped, DEAR)))
    const served = replies.filter(({ status }) => status === 200)
    expect(served).toHaveLength(10)
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect(problemIn(reply)).toMatchObject({ status: 402, code: 'insufficient_balance' })
    }
    const { balance, reserved, total_spent: spent } = await node.get('/v1/wallet/info', key)
    const costs = served.map(({ headers }) => Number(headers.get('x-routstr-cost-msats')))
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBe(Number(spent))
    expect({ reserved, total: Number(balance) + Number(spent) }).toEqual({
      reserved: 0,
      total: Math.ceil((10 * ceiling) / 1000) * 1000,
    })
  })

  test('clamped: the holds never come to more than the balance, and no call costs more than its own', async () => {
    const funded = Math.ceil((9.5 * (await ceilingOf(DEAR))) / 1000) * 1000
    const key = await walletOf(funded)
    node.upstream.behave('usage_huge')
    let held = 0
    const replies = await atOnce(
      times(50, () => () => chat(node, bearer(key), DEAR)),
      async () => {
        const { balance, reserved } = await node.get('/v1/wallet/info', key)
        held = Number(reserved)
        expect(Number(balance)).toBeGreaterThanOrEqual(0)
        expect(held + Number(balance)).toBe(funded)
      },
    )
    node.upstream.behave(undefined)
    const served = replies.filter(({ status }) => status === 200)
    expect(served.length).toBeGreaterThanOrEqual(10)
    expect(served.filter(({ headers }) => headers.has('x-farebox-clamped')).length).toBeGreaterThan(0)
    const cost = served.reduce((sum, { headers }) => sum + Number(headers.get('x-routstr-cost-msats')), 0)
    expect(cost).toBeLessThanOrEqual(held)
    expect(await node.get('/v1/wallet/info', key)).toMatchObject({ reserved: 0, balance: funded - cost })
  })
})

describe('the first use of ecash by many at once', () => {
  test('50 calls: one wallet, credited once', async () => {
    const ecash = await node.mint.mintEcash(500)
    const swaps = node.mint.stats.swaps
    const replies = await Promise.all(times(50, () => chat(node, bearer(ecash))))
    expect(replies.map(({ status }) => status)).toEqual(times(50, () => 200))
    expect(node.mint.stats.swaps).toBe(swaps + 1)
    const info = await node.get('/v1/wallet/info', ecash)
    expect(info).toMatchObject({ total_requests: 50, reserved: 0 })
    expect(Number(info['balance']) + Number(info['total_spent'])).toBe(499_000)
  })

  test.each(['/v1/wallet/info', '/v1/balance/', '/v1/wallet/create?token='])(
    '20 of %s: one wallet, one key',
    async (path) => {
      const ecash = await node.mint.mintEcash(100)
      const isQuery = path.endsWith('=')
      const infos = await Promise.all(
        times(20, () => (isQuery ? node.get(path + ecash) : node.get(path, ecash))),
      )
      expect(new Set(infos.map((info) => `${String(info['api_key'])} ${String(info['balance'])}`)).size).toBe(
        1,
      )
      expect(infos[0]).toMatchObject({ api_key: expect.stringMatching(/^sk-/), balance: 99_000 })
    },
  )

  test('as a key, a payment, a top-up and a wallet at once it becomes one of them', async () => {
    const key = await openWallet(node, 10)
    const ecash = await node.mint.mintEcash(100)
    const replies = await Promise.all([
      chat(node, bearer(ecash)),
      chat(node, { 'x-cashu': ecash }),
      node.post('/v1/wallet/topup', { cashu_token: ecash }, bearer(key)),
    ])
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect([400, 401]).toContain(problemIn(reply).status)
    }
  })
})

describe('one payment sent twice at once', () => {
  test.each([
    { name: 'that covers its ceiling', body: {} },
    { name: 'that is set aside to the last msat', body: { ...DEAR, max_tokens: 16_000 } },
  ])('$name: one is served, the other is told to wait', async ({ body }) => {
    for (let round = 0; round < 5; round += 1) {
      const ecash = await node.mint.mintEcash(100)
      const replies = await atOnce(times(2, () => () => chat(node, { 'x-cashu': ecash }, body)))
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 425]))
      const paid = replies.find(({ status }) => status === 200)
      const claimed = await node.post('/v1/wallet/refund', '', { 'x-cashu': ecash })
      expect(claimed.body['token']).toBe(paid?.headers.get('x-cashu'))
      const cost = Number(paid?.headers.get('x-routstr-cost-msats'))
      expect(Number(claimed.body['sats'])).toBe(99 - Math.ceil(cost / 1000))
    }
  })
})

describe('looks and acts that cross', () => {
  test('a payment that got its call meanwhile is not given back beside it', async () => {
    const ecash = await node.mint.mintEcash(100)
    const { payments } = node.app.rooms
    const [paid] = await atOnce([() => chat(node, { 'x-cashu': ecash })], async () => {
      const payment = await payments.receive(readEcash(ecash))
      await expect(payments.giveBack(payment, Date.now())).rejects.toMatchObject({ code: 'payment_running' })
    })
    expect(paid).toMatchObject({ status: 200 })
    const claimed = await node.post('/v1/wallet/refund', '', { 'x-cashu': ecash })
    expect(claimed.body['token']).toBe(paid?.headers.get('x-cashu'))
  })

  test('five withdrawals at once take no more out of a mint than the wallet paid in there', async () => {
    const key = await openWallet(node, 40)
    await node.post('/v1/wallet/topup', { cashu_token: await second.mintEcash(200) }, bearer(key))
    const wish = { amount: 30, mint: node.mint.url }
    const replies = await Promise.all(times(5, () => node.post('/v1/wallet/withdraw', wish, bearer(key))))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect(problemIn(reply)).toMatchObject({ status: 400, code: 'mint_not_funded' })
    }
  })
})

test('after all of it the books balance, and nothing is set aside', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
  const { storage, revenue } = node.app.rooms
  expect(await storage.read((tx) => balanceOf(tx, revenue))).toMatchObject({ reserved: 0n })
})
