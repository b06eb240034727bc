import OpenAI, { APIError, RateLimitError } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Behaviour, Misbehaviour, MisbehaviourName } from '../../src/demo/index.ts'
import { balanceOf, chargeOf, expectBalancedBooks, openWallet, satsIn } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const REPORTED = chargeOf({ input: 10, output: 20 })
const HALF = chargeOf({ input: 6, output: 13 })
const ask = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user' as const, content: 'Tell me of trains' }],
  max_tokens: 50,
}
const BUSY: Misbehaviour = {
  instead: {
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': '1' },
    body: '{"error":{"message":"Slow down","type":"rate_limit_exceeded"}}',
  },
}

let node: TestNode
let calls = 0
beforeAll(async () => {
  const timeouts = { firstByteMs: 400, wholeFirstByteMs: 400, idleMs: 400, totalMs: 10_000 }
  node = await startTestNode({ app: { timeouts }, upstream: { answer: () => ANSWER } })
})
afterEach(() => expectBalancedBooks(node))
afterAll(() => node[Symbol.asyncDispose]())

/** The upstream goes through these, one a call, and then answers well. */
function behaveInTurn(...turns: readonly (MisbehaviourName | Misbehaviour)[]): void {
  calls = 0
  const behaviour: Behaviour = ({ method }) => {
    if (method !== 'POST') return undefined
    calls += 1
    return turns[calls - 1]
  }
  node.upstream.behave(behaviour)
}

/** What one call of the SDK, with its own retries, gave its caller: the text, or none and the error. */
interface Outcome {
  readonly text: string
  readonly error: unknown
}

async function whole(client: OpenAI): Promise<Outcome> {
  try {
    const { choices } = await client.chat.completions.create(ask)
    return { text: choices[0]?.message.content ?? '', error: undefined }
  } catch (error) {
    return { text: '', error }
  }
}

async function streamed(client: OpenAI): Promise<Outcome> {
  let text = ''
  try {
    const stream = await client.chat.completions.create({ ...ask, stream: true })
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}

const ways = [
  ['whole', whole],
  ['streamed', streamed],
] as const

describe('the openai SDK with its default retries, paying by key', () => {
  let key: string
  let before: number
  let client: OpenAI
  beforeEach(async () => {
    key = await openWallet(node, 100)
    before = await balanceOf(node, key)
    client = new OpenAI({ apiKey: key, baseURL: `${node.baseUrl}/v1` })
  })

  /** As many charged calls as the caller got answers, and each at its price. */
  async function expectCharged(...charges: readonly number[]): Promise<void> {
    const info = await node.get('/v1/wallet/info', key)
    expect(info['total_requests']).toBe(charges.length)
    expect(before - (await balanceOf(node, key))).toBe(charges.reduce((sum, charge) => sum + charge, 0))
  }

  test.each(ways)('429 twice, then an answer: three calls, one of them charged (%s)', async (_, say) => {
    behaveInTurn(BUSY, BUSY)
    expect(await say(client)).toEqual({ text: ANSWER, error: undefined })
    expect(calls).toBe(3)
    await expectCharged(REPORTED)
  })

  test('429 for ever: a RateLimitError and no charge', async () => {
    behaveInTurn(BUSY, BUSY, BUSY)
    const { error } = await whole(client)
    expect(error).toBeInstanceOf(RateLimitError)
    expect(calls).toBe(3)
    await expectCharged()
  })

  test.each([
    ['status_503', whole],
    ['status_503', streamed],
    ['cut_before_head', whole],
    ['cut_before_head', streamed],
    ['cut_after_head', streamed],
    ['cut_mid_content', whole],
    ['hang_before_head', whole],
    ['hang_before_head', streamed],
    ['hang_mid_stream', whole],
    ['garbage', whole],
  ] as const)('%s: an error at once and no charge (%o)', async (name, say) => {
    behaveInTurn(name)
    const { text, error } = await say(client)
    expect(text).toBe('')
    expect(error).toMatchObject({ status: 424, requestID: expect.stringMatching(/^call_/) })
    expect(calls).toBe(1)
    await expectCharged()
    expect(await say(client)).toEqual({ text: ANSWER, error: undefined })
    await expectCharged(REPORTED)
  })

  test.each(['cut_mid_content', 'hang_mid_stream', 'error_in_stream'] as const)(
    'a stream with %s: half an answer, an error, and half a charge',
    async (name) => {
      behaveInTurn(name)
      const { text, error } = await streamed(client)
      expect(text).toBe(ANSWER.slice(0, 49))
      expect(error).toBeInstanceOf(APIError)
      expect(calls).toBe(1)
      await expectCharged(HALF)
    },
  )

  test('a mix of faults: as many charges as answers', async () => {
    behaveInTurn('status_503', BUSY, 'none', 'cut_mid_content', 'none', 'status_500', 'no_done')
    let answers = 0
    for (let i = 0; i < 6; i += 1) answers += (await whole(client)).text === '' ? 0 : 1
    expect([calls, answers]).toEqual([7, 3])
    await expectCharged(REPORTED, REPORTED, REPORTED)
  })
})

describe('the openai SDK with its default retries, paying once by X-Cashu', () => {
  let ecash: string
  let client: OpenAI
  beforeEach(async () => {
    ecash = await node.mint.mintEcash(100)
    client = new OpenAI({
      apiKey: 'unused',
      baseURL: `${node.baseUrl}/v1`,
      defaultHeaders: { 'x-cashu': ecash },
    })
  })

  async function expectClaim(charge: number): Promise<void> {
    const claim = await node.post('/v1/wallet/refund', {}, { 'x-cashu': ecash })
    expect(claim.headers.get('x-routstr-cost-msats')).toBe(String(charge))
    expect(satsIn(String(claim.body['token']))).toBe(99 - Math.ceil(charge / 1000))
  }

  test.each(ways)('an answer costs its price, and its change is in the head (%s)', async (_, say) => {
    behaveInTurn()
    expect(await say(client)).toEqual({ text: ANSWER, error: undefined })
    expect(calls).toBe(1)
    await expectClaim(REPORTED)
  })

  test('the change is where the SDK shows it', async () => {
    behaveInTurn()
    const { response } = await client.chat.completions.create(ask).withResponse()
    expect(satsIn(String(response.headers.get('x-cashu')))).toBe(98)
  })

  test.each([
    [BUSY, whole, 429],
    [BUSY, streamed, 429],
    ['status_503', whole, 424],
    ['cut_mid_content', whole, 424],
    ['cut_mid_content', streamed, 424],
    ['hang_before_head', whole, 424],
    ['hang_mid_stream', streamed, 424],
  ] as const)(
    'a fault is not tried again with spent ecash: all of it comes back (%o)',
    async (how, say, status) => {
      behaveInTurn(how)
      const { text, error } = await say(client)
      expect(text).toBe('')
      expect(error).toBeInstanceOf(APIError)
      expect(error).toMatchObject({ status, error: { refund_token: expect.stringMatching(/^cashuB/) } })
      expect(calls).toBe(1)
      await expectClaim(0)
    },
  )
})
