import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EcashOptions, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { bearer, chat, faultsInBooks, isUntouched, proofsOf, redeem, until } from '../support/money-claims.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'
import {
  coreModels,
  infoReader,
  openAiModels,
  otrtaModels,
  problemOf,
  refundReader,
  sdkModels,
  sdkSats,
  usageReader,
  walletReader,
} from './readers.ts'

const SLASHED = 'vendor/family/small:free'
const question = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user' as const, content: 'Tell me of trains' }],
  max_tokens: 50,
}
const long = [{ role: 'user' as const, content: 'word '.repeat(4000) }]
const folder = mkdtempSync(join(tmpdir(), 'farebox-prices-'))
let node: TestNode
let upstream: Upstream
beforeAll(async () => {
  const prices = join(folder, 'prices.json')
  const models = { [SLASHED]: { input: '0.1', output: '0.4' } }
  writeFileSync(prices, JSON.stringify({ extends: 'openai', models }))
  upstream = await startUpstream({ models: ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', SLASHED] })
  const main = {
    id: 'main',
    type: 'openai',
    url: upstream.url,
    key: 'k',
    prices,
    marginBp: undefined,
    order: 0,
  }
  node = await startTestNode({ app: { upstreams: [main] } })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

const pay = (ecash: string, body: Record<string, unknown> = {}): Promise<TestReply> =>
  chat(node, { 'x-cashu': ecash }, body)
const infoOf = async (key: string) => walletReader.parse(await node.get('/v1/wallet/info', key))

describe('the catalogue', () => {
  test('D4: /v1/info is read by every client, with mints as wallets spell them', async () => {
    const info = await node.get('/v1/info')
    expect(infoReader.parse(info).mints).toEqual([node.mint.url])
    for (const path of ['/v1/info/', '/info']) expect(await node.get(path)).toEqual(info)
  })

  test('D5: one list satisfies otrta, the reference node, the SDK and OpenAI, on every path', async () => {
    const list = await node.get('/v1/models')
    for (const reader of [otrtaModels, coreModels, sdkModels, openAiModels]) reader.parse(list)
    const { data } = sdkModels.parse(list)
    expect(data).not.toHaveLength(0)
    for (const { sats_pricing: sats } of data) {
      expect(sats.max_cost).toBeGreaterThanOrEqual(sats.max_prompt_cost + sats.max_completion_cost)
    }
    for (const path of ['/v1/models/', '/models', '/models/']) expect(await node.get(path)).toEqual(list)
  })

  test('D5: the OpenAI SDK lists the models, and fetches each by its id, slashes and all', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${node.baseUrl}/v1`, maxRetries: 0 })
    const listed = await client.models.list()
    expect(listed.data.map(({ id }) => id)).toContain(SLASHED)
    for (const model of listed.data) expect(await client.models.retrieve(model.id)).toEqual(model)
    expect(await node.get(`/v1/models/${SLASHED}`)).toEqual(await client.models.retrieve(SLASHED))
  })

  test('D5: what a client without sums of its own sends (min_cost_per_request) admits a common call', async () => {
    for (const model of otrtaModels.parse(await node.get('/v1/models')).data) {
      if (model.id.includes('embedding')) continue
      const sats = Math.ceil(model.min_cost_per_request / 1000)
      const { max_tokens: _, ...unlimited } = question
      const reply = await node.post(
        '/v1/chat/completions',
        { ...unlimited, model: model.id },
        { 'x-cashu': await node.mint.mintEcash(sats) },
      )
      expect(reply).toMatchObject({ status: 200 })
    }
  })

  test('D7: a page of any origin may send the paying headers and read what came back', async () => {
    const wanted = 'authorization,content-type,x-cashu'
    for (const path of ['/v1/chat/completions', '/v1/wallet/refund', '/v1/models', '/lightning/invoice']) {
      const { status, headers } = await fetch(node.baseUrl + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://app.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': wanted,
        },
      })
      expect(status).toBe(204)
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-allow-headers')).toBe(wanted)
    }
    const origin = 'https://app.example'
    const paid = await chat(node, { 'x-cashu': await node.mint.mintEcash(50), origin })
    const exposed = paid.headers.get('access-control-expose-headers')?.split(', ')
    expect(exposed).toEqual(
      expect.arrayContaining([
        'x-routstr-request-id',
        'x-cashu',
        'x-routstr-cost-msats',
        'x-routstr-cost-usd',
        'x-routstr-input-cost-msats',
        'x-routstr-output-cost-msats',
        'x-routstr-error-scope',
        'retry-after',
        'x-should-retry',
      ]),
    )
    expect(paid.headers.has('access-control-allow-credentials')).toBe(false)
  })
})

describe('how much a client brings', () => {
  test.each([
    { name: 'a short question', body: { ...question, max_tokens: 2000 } },
    { name: 'a long question', body: { ...question, messages: long } },
    { name: 'a dear model', body: { ...question, model: 'gpt-4o', max_tokens: 2000 } },
    { name: 'a model behind a slash', body: { ...question, model: SLASHED, max_tokens: 5000 } },
    { name: 'no limit', body: { model: 'gpt-4o-mini', messages: question.messages } },
  ])('G2: what the SDK computes from our list admits $name', async ({ body }) => {
    const { data } = sdkModels.parse(await node.get('/v1/models'))
    const model = data.find(({ id }) => id === body.model)
    const sats = model ? sdkSats(model, body) : 0
    const headers = { 'x-cashu': await node.mint.mintEcash(sats) }
    expect(await node.post('/v1/chat/completions', body, headers)).toMatchObject({ status: 200 })
  })

  test('G2: ecash below the gate stays unspent; the amount that the 402 states is then enough', async () => {
    const dear = { model: 'gpt-4o', max_tokens: 4000, messages: long }
    const small = await node.mint.mintEcash(2)
    const reply = await pay(small, dear)
    const problem = problemOf(reply)
    expect(reply.status).toBe(402)
    expect(reply.headers.get('x-cashu')).toBeNull()
    const required = problem.amount_required_msat ?? 0
    expect(reply.body['detail']).toMatchObject({
      reason: 'Insufficient balance',
      amount_required_msat: required,
      model: 'gpt-4o',
      type: 'minimum_balance_required',
    })
    expect(isUntouched(node.mint, small)).toBe(true)
    expect(await pay(await node.mint.mintEcash(Math.ceil(required / 1000)), dear)).toMatchObject({
      status: 200,
    })
  })

  test('G3: a wallet that is short is 402 insufficient_balance, and the shortfall makes it good', async () => {
    const ecash = await node.mint.mintEcash(3)
    const { api_key: key } = await infoOf(ecash)
    const dear = { model: 'gpt-4o', max_tokens: 4000, messages: long }
    const short = await chat(node, bearer(key), dear)
    expect(short.status).toBe(402)
    const { error, balance_msat: balance = 0, amount_required_msat: required = 0 } = problemOf(short)
    expect(error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_balance' })
    expect(short.headers.get('x-cashu')).toBeNull()
    expect(balance).toBe(2000)
    const missing = Math.ceil((required - balance) / 1000) + 1
    const topup = { cashu_token: await node.mint.mintEcash(missing) }
    expect(await node.post('/v1/wallet/topup', topup, bearer(key))).toMatchObject({
      status: 200,
      body: { msats: (missing - 1) * 1000 },
    })
    expect(await chat(node, bearer(key), dear)).toMatchObject({ status: 200 })
  })
})

describe('ecash as a key', () => {
  test('A1: calls and looks at the balance, twenty at once with fresh ecash, are one account', async () => {
    const ecash = await node.mint.mintEcash(1000)
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0 ? chat(node, bearer(ecash)) : node.get('/v1/balance/info', ecash),
      ),
    )
    const calls = replies.filter((_, i) => i % 2 === 0)
    for (const call of calls) expect(call).toMatchObject({ status: 200 })
    const keys = replies.filter((_, i) => i % 2 === 1).map((reply) => walletReader.parse(reply).api_key)
    expect(new Set(keys).size).toBe(1)
    const { balance, reserved, total_requests, total_spent } = await infoOf(ecash)
    expect({ reserved, total_requests, sum: balance + total_spent }).toEqual({
      reserved: 0,
      total_requests: 10,
      sum: 999_000,
    })
    expect(await infoOf(keys[0] ?? '')).toMatchObject({ balance })
  })

  test('A4: the balance that a client reads after the last byte of a stream is final', async () => {
    const ecash = await node.mint.mintEcash(100)
    const before = await infoOf(ecash)
    const client = new OpenAI({ apiKey: ecash, baseURL: `${node.baseUrl}/v1`, maxRetries: 0 })
    const stream = await client.chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    })
    let usage: unknown
    for await (const chunk of stream) usage = chunk.usage ?? usage
    const after = await infoOf(ecash)
    const { cost } = usageReader.parse(usage)
    expect(after).toMatchObject({
      reserved: 0,
      balance: before.balance - cost.total_msats,
      total_requests: 1,
    })
  })
})

describe('the OpenAI SDK, unchanged', () => {
  const parameters = { type: 'object', properties: {} }
  const tools = [{ type: 'function' as const, function: { name: 'look_up', parameters } }]

  test('E3: calls tools, whole and streamed, and gets each of n answers', async () => {
    const client = await makeClient()
    upstream.behave('calls_tool')
    try {
      const whole = await client.chat.completions.create({ ...question, tools })
      expect(whole.choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: { tool_calls: [{ function: { name: 'look_up' } }] },
      })
      const streamed = client.chat.completions.stream({ ...question, tools })
      expect(await streamed.finalChatCompletion()).toMatchObject({
        choices: [{ message: { tool_calls: [{ function: { name: 'look_up' } }] } }],
      })
    } finally {
      upstream.behave(undefined)
    }
    const three = await client.chat.completions.create({ ...question, n: 3 })
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  test('E3: embeds, and shows the call id and the cost of what it got', async () => {
    const client = await makeClient()
    const { data, response, request_id } = await client.embeddings
      .create({ model: 'text-embedding-3-small', input: ['one', 'two'] })
      .withResponse()
    expect(data.data.map(({ embedding }) => typeof embedding[0])).toEqual(['number', 'number'])
    expect(request_id).toBe(response.headers.get('x-routstr-request-id'))
    expect(Number(response.headers.get('x-routstr-cost-msats'))).toBeGreaterThan(0)
  })

  test('E3: pays one call by X-Cashu beside any key, and shows the change', async () => {
    const client = await makeClient({ 'x-cashu': await node.mint.mintEcash(64) })
    const { response } = await client.chat.completions.create(question).withResponse()
    expect(response.headers.get('x-cashu')).toMatch(/^cashuB/)
    expect(isUntouched(node.mint, client.apiKey ?? '')).toBe(true)
  })
})

describe('ecash for one call', () => {
  test.each([7, 64, 1000, 4097])('X1: of %i sat the change is all but the fee and the cost', async (sats) => {
    const ecash = await node.mint.mintEcash(sats)
    const fee = Math.ceil(proofsOf(ecash).length / 10)
    const reply = await pay(ecash)
    expect(reply.status).toBe(200)
    const { cost, cost_sats } = usageReader.parse(reply.body['usage'])
    const charged = Number(reply.headers.get('x-routstr-cost-msats'))
    expect(charged).toBeGreaterThan(0)
    expect({ body: cost.total_msats, sats: cost_sats }).toEqual({ body: charged, sats: charged / 1000 })
    expect(Number(reply.headers.get('x-routstr-input-cost-msats'))).toBe(cost.input_msats)
    expect(Number(reply.headers.get('x-routstr-output-cost-msats'))).toBe(cost.output_msats)
    expect(Number(reply.headers.get('x-routstr-cost-usd'))).toBeCloseTo(cost.total_usd, 9)
    const change = reply.headers.get('x-cashu') ?? ''
    expect(change).toMatch(/^cashuB/)
    expect(change.length).toBeLessThan(4096)
    expect(await redeem(node.mint, change)).toBe(sats - fee - Math.ceil(charged / 1000))
  })

  test('X5: the refund route answers running, paid out and never seen as clients tell them apart', async () => {
    const ecash = await node.mint.mintEcash(64)
    const claim = (prefix: string, token = ecash): Promise<TestReply> =>
      node.post(`${prefix}/refund`, '', { 'x-cashu': token })
    upstream.hold()
    const call = pay(ecash)
    await until(() => upstream.stats.waiting === 1)
    for (const running of [await claim('/v1/wallet'), await claim('/v1/balance'), await pay(ecash)]) {
      problemOf(running)
      expect(running.status).toBe(425)
      expect(Number(running.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(running.headers.get('x-cashu')).toBeNull()
    }
    upstream.release()
    const change = (await call).headers.get('x-cashu')
    for (const prefix of ['/v1/wallet', '/v1/balance', '/wallet']) {
      const paid = await claim(prefix)
      expect(refundReader.parse(paid.body).token).toBe(change)
      expect(paid.headers.get('x-cashu')).toBe(change)
    }
    const unseen = await claim('/v1/wallet', await node.mint.mintEcash(8))
    expect(unseen.status).toBe(404)
    expect(problemOf(unseen).error.message).toContain('Refund not found')
  })

  test('X5: a payment without change is 410 token_already_spent with its cost, which ends the chase', async () => {
    const ecash = await node.mint.mintEcash(2)
    const served = await pay(ecash)
    expect({ status: served.status, change: served.headers.get('x-cashu') }).toEqual({
      status: 200,
      change: null,
    })
    const reply = await node.post('/v1/wallet/refund', '', { 'x-cashu': ecash })
    expect(reply.status).toBe(410)
    expect(problemOf(reply).error).toMatchObject({
      type: 'token_already_spent',
      message: 'Payment fully consumed; no change is due',
    })
    expect(reply.headers.get('x-routstr-cost-msats')).toBe(served.headers.get('x-routstr-cost-msats'))
  })

  test.each<{ name: string; options: EcashOptions; atLeast?: number }>([
    { name: 'the old form', options: { version: 'A' } },
    {
      name: 'the old form with a memo, without DLEQ',
      options: { version: 'A', memo: 'für dich', dleq: false },
    },
    { name: 'the new form with a memo', options: { memo: 'thanks' } },
    {
      name: 'a header of more than 17 KB',
      options: { split: Array.from({ length: 64 }, () => 1) },
      atLeast: 17_000,
    },
  ])('X7: pays in $name', async ({ options, atLeast = 0 }) => {
    const ecash = await node.mint.mintEcash(64, options)
    expect(ecash.length).toBeGreaterThan(atLeast)
    const reply = await pay(ecash)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('x-cashu')).toMatch(/^cashuB/)
  })
})

test('after all of it the books balance', async () => {
  expect(await faultsInBooks(node)).toBeUndefined()
})

/** A client with fresh ecash for its key. */
async function makeClient(defaultHeaders: Record<string, string> = {}): Promise<OpenAI> {
  const apiKey = await node.mint.mintEcash(1000)
  return new OpenAI({ apiKey, baseURL: `${node.baseUrl}/v1`, maxRetries: 0, defaultHeaders })
}
