import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trialBalance } from '../../src/ledger/index.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())
const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${node.baseUrl}/v1`, maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'Tell me of trains' }]

describe('a paid call', () => {
  test('ecash as key: whole, then streamed, then by the sk- key', async () => {
    const ecash = await node.mint.mintEcash(1000)
    const whole = await client(ecash).chat.completions.create({
      model: 'gpt-4o-mini',
      messages,
      max_tokens: 50,
    })
    expect(whole.choices[0]?.message.content).toBeTruthy()
    expect(whole.usage).toMatchObject({
      cost: { total_msats: expect.any(Number) },
      cost_sats: expect.any(Number),
    })
    const info = await node.get('/v1/wallet/info', ecash)
    expect(info['api_key']).toMatch(/^sk-/)
    const stream = await client(String(info['api_key'])).chat.completions.create({
      model: 'gpt-4o-mini',
      messages,
      max_tokens: 50,
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBeTruthy()
    const after = await node.get('/v1/wallet/info', String(info['api_key']))
    expect(after['reserved']).toBe(0)
    expect(after['total_requests']).toBe(2)
    expect(Number(after['balance'])).toBeLessThan(Number(info['balance']))
  })

  test('one-shot: the change comes back in X-Cashu and spends at the mint', async () => {
    const ecash = await node.mint.mintEcash(100)
    const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-cashu': ecash },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages, max_tokens: 50 }),
    })
    const body: unknown = await response.json()
    expect(body).toMatchObject({ usage: { cost: {} } })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-cashu')).toMatch(/^cashuB/)
    const again = await fetch(`${node.baseUrl}/v1/wallet/refund`, {
      method: 'POST',
      headers: { 'x-cashu': ecash },
    })
    expect(await again.json()).toMatchObject({ token: response.headers.get('x-cashu') })
    expect(await node.app.rooms.storage.read(trialBalance)).toMatchObject({
      sum: 0n,
      wrongAccounts: [],
      wrongHolds: 0,
    })
  })
})
