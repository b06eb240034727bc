import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const newKey = (): Promise<string> => openWallet(node, 500)
const ask = (client: OpenAI, content: string) =>
  client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content }],
    max_tokens: 30,
  })

describe('an SDK that gives up waiting and tries again by itself', () => {
  test('joins the call that still runs: one upstream call, one charge, one answer', async () => {
    const apiKey = await newKey()
    const client = new OpenAI({ apiKey, baseURL: `${node.baseUrl}/v1`, timeout: 400 })
    const before = node.upstream.stats.calls
    node.upstream.hold()
    const answer = ask(client, 'joined')
    setTimeout(() => node.upstream.release(), 900)
    expect((await answer).choices[0]?.message.content).toBeTruthy()
    expect(node.upstream.stats.calls - before).toBe(1)
    expect(await node.get('/v1/wallet/info', apiKey)).toMatchObject({ total_requests: 1, reserved: 0 })
  })

  test('gets the answer that was ready before it came back, with its change when it paid by X-Cashu', async () => {
    const ecash = await node.mint.mintEcash(100)
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: `${node.baseUrl}/v1`,
      timeout: 300,
      defaultHeaders: { 'x-cashu': ecash },
    })
    const before = node.upstream.stats.calls
    node.upstream.hold()
    // The SDK waits about half a second between its tries; the answer comes in that pause.
    setTimeout(() => node.upstream.release(), 450)
    const { data, response } = await ask(client, 'ready').withResponse()
    expect(data.choices[0]?.message.content).toBeTruthy()
    expect(response.headers.get('x-cashu')).toMatch(/^cashuB/)
    expect(node.upstream.stats.calls - before).toBe(1)
  })

  test('a first try is never answered from an earlier call, and a delivered answer is not given again', async () => {
    const authorization = `Bearer ${await newKey()}`
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'twice' }], max_tokens: 30 }
    const before = node.upstream.stats.calls
    for (const number of ['0', '0', '1']) {
      const headers = { authorization, 'x-stainless-retry-count': number }
      expect((await node.post('/v1/chat/completions', body, headers)).status).toBe(200)
    }
    expect(node.upstream.stats.calls - before).toBe(3)
  })

  test('another payer with the same body never gets it', async () => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'mine' }], max_tokens: 30 }
    const leaver = new AbortController()
    node.upstream.hold()
    const left = fetch(`${node.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      signal: leaver.signal,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await newKey()}`,
        'x-stainless-retry-count': '0',
      },
      body: JSON.stringify(body),
    }).catch(() => undefined)
    await expect.poll(() => node.upstream.stats.waiting).toBe(1)
    leaver.abort()
    await left
    node.upstream.release()
    const before = node.upstream.stats.calls
    const headers = { authorization: `Bearer ${await newKey()}`, 'x-stainless-retry-count': '1' }
    const reply = await node.post('/v1/chat/completions', body, headers)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('idempotency-replayed')).toBeNull()
    expect(node.upstream.stats.calls - before).toBe(1)
  })
})
