import { getEncodedToken } from '@cashu/cashu-ts'
import OpenAI, { RateLimitError } from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type MisbehaviourName, type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { bearer, chat, faultsInBooks, isUntouched, proofsOf, redeem } from '../support/money-claims.ts'
import { eventsOf, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'
import { problemOf, usageReader } from './readers.ts'

const LOCK = '02194603ffa36356f4a56b7df9371fc3192472351453ec7398b8da8117e7c3e104'
const messages = [{ role: 'user' as const, content: 'Tell me of trains' }]
let node: TestNode
let foreign: PlayMint
let old: PlayMint
let oldCoin: string
beforeAll(async () => {
  foreign = await startPlayMint()
  old = await startPlayMint({ keysetVersion: 1, feePpk: 100 })
  oldCoin = await old.mintEcash(32)
  old.rotate()
  node = await startTestNode({
    mint: { moreUnits: ['usd'] },
    moreMints: [old.url],
    app: { mintTimeoutMs: 250, mintWaitMs: 400 },
  })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await foreign.close()
  await old.close()
})

const pay = (ecash: string, body: Record<string, unknown> = {}): Promise<TestReply> =>
  chat(node, { 'x-cashu': ecash }, body)

interface Row {
  readonly name: string
  readonly ask: () => Promise<TestReply>
  readonly status: number
  readonly type: string
  readonly code: string
  readonly message?: RegExp
}

/** Ecash that its holder has spent at the mint, where this node never saw it. */
async function spentElsewhere(): Promise<string> {
  const ecash = await node.mint.mintEcash(64)
  await redeem(node.mint, ecash)
  return ecash
}

const ROWS: readonly Row[] = [
  {
    name: 'spent ecash as a payment',
    ask: async () => pay(await spentElsewhere()),
    status: 400,
    type: 'token_already_spent',
    code: 'cashu_token_already_spent',
  },
  {
    name: 'spent ecash as a top-up',
    ask: async () =>
      node.post(
        '/v1/wallet/topup',
        { cashu_token: await spentElsewhere() },
        bearer(await openWallet(node, 8)),
      ),
    status: 400,
    type: 'token_already_spent',
    code: 'cashu_token_already_spent',
  },
  {
    name: 'spent ecash as a key',
    ask: async () => chat(node, bearer(await spentElsewhere())),
    status: 401,
    type: 'invalid_request_error',
    code: 'invalid_api_key',
    message: /proofs already spent/,
  },
  {
    name: 'junk for ecash',
    ask: () => pay('cashuBjunk'),
    status: 400,
    type: 'invalid_token',
    code: 'invalid_cashu_token',
  },
  {
    name: 'ecash of a foreign mint',
    ask: async () => pay(await foreign.mintEcash(64)),
    status: 400,
    type: 'untrusted_mint',
    code: 'cashu_untrusted_source_mint',
  },
  {
    name: 'ecash worth less than its fee',
    ask: async () => node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(1) }),
    status: 422,
    type: 'mint_error',
    code: 'cashu_token_swap_fees_exceed_amount',
  },
  {
    name: 'a key that nobody has',
    ask: () => chat(node, bearer(`sk-${'0'.repeat(64)}`)),
    status: 401,
    type: 'invalid_request_error',
    code: 'key_not_found',
    message: /^Key not found/,
  },
  {
    name: 'a refund by such a key',
    ask: () => node.post('/v1/wallet/refund', '', bearer('sk-nobody')),
    status: 401,
    type: 'invalid_request_error',
    code: 'key_not_found',
    message: /^Key not found/,
  },
  {
    name: 'another word for a key',
    ask: () => chat(node, bearer('letmein')),
    status: 401,
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  {
    name: 'no key on a wallet route',
    ask: () => node.post('/v1/balance/refund', ''),
    status: 401,
    type: 'invalid_request_error',
    code: 'missing_api_key',
  },
  {
    name: 'an unknown model',
    ask: () => chat(node, bearer('sk-nobody'), { model: 'gpt-9' }),
    status: 404,
    type: 'invalid_model',
    code: 'model_not_found',
  },
  {
    name: 'an unknown path',
    ask: () => node.post('/v1/audio/anything?x=1', {}),
    status: 404,
    type: 'not_found',
    code: 'not_found',
    message: /^Path '\/v1\/audio\/anything' not found/,
  },
  {
    name: 'a refund of ecash that never paid here',
    ask: async () => node.post('/v1/balance/refund', '', { 'x-cashu': await node.mint.mintEcash(4) }),
    status: 404,
    type: 'not_found',
    code: 'refund_not_found',
    message: /Refund not found/,
  },
  {
    name: 'a body that is no JSON',
    ask: () => node.post('/v1/chat/completions', '{'),
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_json',
  },
]

describe('every refusal is what clients of the network know', () => {
  test.each(ROWS)('E1: $name is $status $code', async ({ ask, status, type, code, message = /\S/ }) => {
    const reply = await ask()
    const { error } = problemOf(reply)
    expect({ status: reply.status, ...error }).toMatchObject({
      status,
      type,
      code,
      message: expect.stringMatching(message),
    })
    expect(reply.headers.get('x-cashu')).toBeNull()
  })

  test('E1: ecash that became a wallet has no change, and the answer does not send its holder in a circle', async () => {
    const ecash = await node.mint.mintEcash(64)
    expect(await chat(node, bearer(ecash))).toMatchObject({ status: 200 })
    const reply = await node.post('/v1/wallet/refund', '', { 'x-cashu': ecash })
    const { error } = problemOf(reply)
    expect({ status: reply.status, code: error.code }).toEqual({
      status: 400,
      code: 'cashu_token_already_spent',
    })
    expect(error.message).toMatch(/wallet/)
    expect(error.message).not.toMatch(/v1.wallet.refund/)
  })

  test('E1: an empty wallet has nothing to refund, in the words that older clients match', async () => {
    const key = await openWallet(node, 8)
    const first = await node.post('/v1/wallet/refund', {}, bearer(key))
    expect(first).toMatchObject({ status: 200, body: { sats: '7' } })
    const topup = { cashu_token: await node.mint.mintEcash(8) }
    expect(await node.post('/v1/wallet/topup', topup, bearer(key))).toMatchObject({ status: 200 })
    expect(await node.post('/v1/wallet/withdraw', {}, bearer(key))).toMatchObject({ status: 200 })
    const empty = await node.post('/v1/wallet/refund', '', bearer(key))
    expect({ status: empty.status, ...problemOf(empty).error }).toMatchObject({
      status: 400,
      code: 'no_balance_to_refund',
      message: 'No balance to refund',
    })
  })

  test('E1: a mint that is down is 503 mint_unreachable with Retry-After', async () => {
    const [one, other] = [await node.mint.mintEcash(64), await node.mint.mintEcash(64)]
    await node.mint.goDown()
    try {
      for (const reply of [await pay(one), await chat(node, bearer(other))]) {
        expect({ status: reply.status, ...problemOf(reply).error }).toMatchObject({
          status: 503,
          type: 'mint_unreachable',
          code: 'cashu_mint_unreachable',
        })
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(reply.headers.get('x-cashu')).toBeNull()
      }
    } finally {
      await node.mint.comeBack()
    }
  })

  test('E1: a refusal of a request without a body leaves its connection open', async () => {
    for (const path of ['/v1/nowhere', '/v1/models/gpt-9', '/v1/wallet/info', '/v1/chat/completions']) {
      const { status, headers } = await fetch(node.baseUrl + path)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(headers.get('connection')).toBe('keep-alive')
    }
  })

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('E2: %s where only POST is known says so', async (method) => {
    for (const path of ['/v1/chat/completions', '/v1/wallet/topup']) {
      const response = await fetch(node.baseUrl + path, { method })
      const reply = {
        status: response.status,
        headers: response.headers,
        body: Object(await response.json()),
      }
      expect(reply.status).toBe(404)
      expect(problemOf(reply).error.message).toMatch(new RegExp(`^Path '${path}' not found for ${method}\\.`))
    }
  })
})

interface Fault {
  readonly fault: MisbehaviourName
  readonly status: number
  readonly code: string
  readonly upstreamStatus?: number
  readonly retryAfter?: string
}

const FAULTS: readonly Fault[] = [
  { fault: 'status_500', status: 424, code: 'UPSTREAM_UNAVAILABLE', upstreamStatus: 500 },
  { fault: 'status_401', status: 424, code: 'UPSTREAM_UNAVAILABLE', upstreamStatus: 401 },
  { fault: 'garbage', status: 424, code: 'UPSTREAM_UNAVAILABLE' },
  { fault: 'hang_before_head', status: 424, code: 'UPSTREAM_TIMEOUT' },
  { fault: 'status_429', status: 429, code: 'UPSTREAM_RATE_LIMIT', upstreamStatus: 429, retryAfter: '2' },
]

describe('a fault of the upstream', () => {
  afterEach(() => {
    node.upstream.behave(undefined)
  })

  test.each(FAULTS)('E1: $fault is $status $code, and all of the payment comes back', async (row) => {
    const ecash = await node.mint.mintEcash(100)
    node.upstream.behave(row.fault)
    const reply = await pay(ecash)
    const { error } = problemOf(reply)
    expect({ status: reply.status, type: error.type, code: error.code }).toEqual({
      status: row.status,
      type: 'upstream_error',
      code: row.code,
    })
    expect(error.upstream_status).toBe(row.upstreamStatus)
    expect(error.message).not.toContain('sk-')
    expect(reply.headers.get('x-routstr-error-scope')).toBe('upstream')
    expect(reply.headers.get('x-should-retry')).toBe('false')
    expect(reply.headers.get('x-cashu')).toBe(error.refund_token)
    expect(await redeem(node.mint, error.refund_token ?? '')).toBe(99)
    expect(reply.headers.get('retry-after')).toBe(row.retryAfter ?? null)
  })

  test('E1: what the upstream says of the request itself is passed on with its status', async () => {
    node.upstream.behave('status_422')
    const reply = await pay(await node.mint.mintEcash(100))
    expect(reply.status).toBe(422)
    expect(problemOf(reply).error).toMatchObject({ code: 'upstream_rejected', upstream_status: 422 })
    expect(reply.headers.get('x-cashu')).toMatch(/^cashuB/)
  })

  test('E1: the OpenAI SDK throws the class of the status, with type, code and the refund in the head', async () => {
    const defaultHeaders = { 'x-cashu': await node.mint.mintEcash(100) }
    const client = new OpenAI({ apiKey: 'unused', baseURL: `${node.baseUrl}/v1`, defaultHeaders })
    node.upstream.behave('status_429')
    const call = client.chat.completions.create({ model: 'gpt-4o-mini', messages, max_tokens: 50 })
    const error: unknown = await call.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ type: 'upstream_error', code: 'UPSTREAM_RATE_LIMIT' })
    const headers: unknown = Reflect.get(Object(error), 'headers')
    expect(headers instanceof Headers && headers.get('x-cashu')).toMatch(/^cashuB/)
  })
})

describe('ecash for one call', () => {
  test('X7: coins of two keysets of the old version in one ecash pay', async () => {
    const proofs = [...proofsOf(oldCoin), ...proofsOf(await old.mintEcash(32))]
    const reply = await pay(getEncodedToken({ mint: old.url, unit: 'sat', proofs }))
    expect(reply).toMatchObject({ status: 200 })
    expect(await redeem(old, reply.headers.get('x-cashu') ?? '')).toBe(62)
  })

  test.each([
    {
      name: 'another unit',
      make: () => node.mint.mintEcash(64, { unit: 'usd' }),
      code: 'cashu_unit_not_supported',
    },
    { name: 'a lock', make: () => node.mint.mintEcash(64, { p2pk: LOCK }), code: 'cashu_token_locked' },
  ])('X7: $name is refused before it is redeemed', async ({ make, code }) => {
    const ecash = await make()
    const reply = await pay(ecash)
    expect({ status: reply.status, ...problemOf(reply).error }).toMatchObject({
      status: 400,
      type: 'invalid_token',
      code,
    })
    expect(isUntouched(node.mint, ecash)).toBe(true)
  })

  test('X8: a payment request is never in the answer to a call that brought a payment', async () => {
    const dear = { model: 'gpt-4o', max_tokens: 4000 }
    const replies = [
      await pay(await node.mint.mintEcash(2), dear),
      await pay('creqA'),
      await pay('nonsense'),
      await pay(await foreign.mintEcash(8)),
      await pay(await node.mint.mintEcash(100)),
      await chat(node, bearer(await node.mint.mintEcash(2)), dear),
      await chat(node, bearer('letmein'), dear),
    ]
    for (const { headers } of replies) expect(headers.get('x-cashu') ?? '').not.toMatch(/^creq/i)
    expect((await chat(node, {}, dear)).headers.get('x-cashu')).toMatch(/^creqA/)
  })
})

describe('a stream', () => {
  test.each([
    { name: 'by key', headers: async () => bearer(await openWallet(node, 64)) },
    { name: 'by one-shot ecash', headers: async () => ({ 'x-cashu': await node.mint.mintEcash(64) }) },
    {
      name: 'by one-shot ecash, change later',
      headers: async () => ({ 'x-cashu': await node.mint.mintEcash(64), 'x-cashu-change': 'later' }),
    },
  ])(
    'E5: $name has choices in every frame, the cost in the usage chunk, and one [DONE]',
    async ({ headers }) => {
      const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(await headers()) },
        body: JSON.stringify({
          model: 'gpt-4o-mini',
          messages,
          n: 2,
          stream: true,
          stream_options: { include_usage: true },
        }),
      })
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
      const text = await response.text()
      expect(text).not.toMatch(/^event:/m)
      const frames = eventsOf(text)
      expect(frames.filter((frame) => frame === '[DONE]')).toHaveLength(1)
      expect(frames.pop()).toBe('[DONE]')
      for (const frame of frames) expect(frame).toMatchObject({ choices: expect.any(Array) })
      const priced = frames.flatMap((frame) => Reflect.get(Object(frame), 'usage') ?? [])
      expect(priced).toHaveLength(1)
      expect(usageReader.parse(priced[0]).cost.total_msats).toBeGreaterThan(0)
      expect(frames.at(-1)).toMatchObject({ choices: [] })
    },
  )
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})
