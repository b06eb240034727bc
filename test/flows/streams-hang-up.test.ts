import { type ClientRequest, request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { balanceOf, chargeOf, expectBalancedBooks, openWallet, satsIn } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const REPORTED = chargeOf({ input: 10, output: 20 })
/** ⌈21 / 4⌉ for "user" and "Tell me of trains": what a call has cost when nothing was said yet. */
const ONLY_INPUT = chargeOf({ input: 6, output: 0 })
/** Half of the 22 chunks: ten words, 49 characters. */
const HALF = chargeOf({ input: 6, output: 13 })

let node: TestNode
beforeEach(async () => {
  // Longer than any test: who hangs up on the upstream here does so because his caller left.
  const timeouts = { firstByteMs: 20_000, wholeFirstByteMs: 20_000, idleMs: 20_000, totalMs: 20_000 }
  node = await startTestNode({ app: { timeouts }, upstream: { answer: () => ANSWER } })
})
afterEach(() => node[Symbol.asyncDispose]())

/** Asks over a connection of its own, which `destroy` hangs up. */
function call(stream: boolean, headers: Record<string, string>): ClientRequest {
  const caller = request(`${node.baseUrl}/v1/chat/completions`, {
    agent: false,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  })
  caller.on('error', () => undefined)
  caller.end(
    JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Tell me of trains' }],
      max_tokens: 50,
      stream,
    }),
  )
  return caller
}

/** The caller hangs up while the upstream has not begun to answer. */
async function leaveBeforeHead(stream: boolean, headers: Record<string, string>): Promise<void> {
  node.upstream.hold()
  const caller = call(stream, headers)
  await expect.poll(() => node.upstream.stats.waiting).toBe(1)
  await leave(caller)
}

/** The caller hangs up when the tenth word is there and the upstream takes a pause. */
async function leaveMidStream(headers: Record<string, string>): Promise<void> {
  node.upstream.behave('hang_mid_stream')
  const caller = call(true, headers)
  let text = ''
  caller.on('response', (response) => {
    response.on('data', (piece: Buffer) => {
      text += piece.toString()
    })
    response.on('error', () => undefined)
  })
  await expect.poll(() => text.split('word').length).toBe(11)
  await leave(caller)
}

/** Hangs up, and waits until the node has noticed it. */
async function leave(caller: ClientRequest): Promise<void> {
  const open = await connections()
  caller.destroy()
  await expect.poll(connections).toBeLessThan(open)
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    node.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

const settled = async (): Promise<void> => {
  await expect.poll(() => node.app.rooms.heartbeat.running).toBe(0)
  await expectBalancedBooks(node)
}

/** The charge that the refund routes tell, in msat; their change is the same from both, however often it is fetched. */
async function claimedCharge(ecash: string): Promise<number> {
  const paths = ['/v1/wallet/refund', '/v1/balance/refund', '/v1/wallet/refund']
  const answers = await Promise.all(paths.map((path) => node.post(path, {}, { 'x-cashu': ecash })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  const [token, ...others] = answers.map(({ body }) => body['token'])
  expect(others).toEqual([token, token])
  const [charge, ...same] = answers.map(({ headers }) => Number(headers.get('x-routstr-cost-msats')))
  expect(same).toEqual([charge, charge])
  expect(satsIn(String(token))).toBe(100 - 1 - Math.ceil(Number(charge) / 1000))
  const wallet = await node.get('/v1/wallet/info', String(token))
  expect(wallet['api_key']).toMatch(/^sk-/)
  return Number(charge)
}

describe('who hangs up on a stream', () => {
  test.each(['key', 'one-shot with change later'])(
    'before its head: the upstream is hung up on, the input is owed (%s)',
    async (payer) => {
      const paid = await pay(payer)
      await leaveBeforeHead(true, paid.headers)
      await expect.poll(() => node.upstream.stats.aborted).toBe(1)
      await settled()
      expect(await paid.charged()).toBe(ONLY_INPUT)
    },
  )

  test.each(['key', 'one-shot with change later'])(
    'in its middle: the upstream is hung up on, what was said so far is owed (%s)',
    async (payer) => {
      const paid = await pay(payer)
      await leaveMidStream(paid.headers)
      await expect.poll(() => node.upstream.stats.aborted).toBe(1)
      await settled()
      expect(await paid.charged()).toBe(HALF)
    },
  )

  test('that his change waits for: the upstream finishes, its usage is owed', async () => {
    const paid = await pay('one-shot')
    await leaveBeforeHead(true, paid.headers)
    node.upstream.release()
    await settled()
    expect(node.upstream.stats.aborted).toBe(0)
    expect(await paid.charged()).toBe(REPORTED)
  })
})

describe('who hangs up on a whole reply', () => {
  test.each(['key', 'one-shot', 'one-shot with change later'])(
    'owes it: the upstream finishes (%s)',
    async (payer) => {
      const paid = await pay(payer)
      await leaveBeforeHead(false, paid.headers)
      node.upstream.release()
      await settled()
      expect(node.upstream.stats.aborted).toBe(0)
      expect(await paid.charged()).toBe(REPORTED)
    },
  )

  test.each(['key', 'one-shot'])('owes nothing when the upstream then fails (%s)', async (payer) => {
    node.upstream.behave('status_500')
    const paid = await pay(payer)
    await leaveBeforeHead(false, paid.headers)
    node.upstream.release()
    await settled()
    expect(await paid.charged()).toBe(0)
  })

  test('asks in vain for change while the upstream is still at it', async () => {
    const paid = await pay('one-shot')
    await leaveBeforeHead(false, paid.headers)
    const early = await node.post('/v1/wallet/refund', {}, paid.headers)
    expect(early).toMatchObject({ status: 425, body: { error: { code: 'payment_running' } } })
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0)
    node.upstream.release()
    await settled()
    expect(await paid.charged()).toBe(REPORTED)
  })
})

interface Paid {
  readonly headers: Record<string, string>
  /** What was taken for the one call, in msat. */
  charged(): Promise<number>
}

async function pay(payer: string): Promise<Paid> {
  if (payer === 'key') {
    const key = await openWallet(node, 1000)
    const before = await balanceOf(node, key)
    return {
      headers: { authorization: `Bearer ${key}` },
      charged: async () => before - (await balanceOf(node, key)),
    }
  }
  const ecash = await node.mint.mintEcash(100)
  return {
    headers: { 'x-cashu': ecash, ...(payer.endsWith('later') && { 'x-cashu-change': 'later' }) },
    charged: () => claimedCharge(ecash),
  }
}
