import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const body = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Tell me of trains' }],
  max_tokens: 40,
}
const chat = (headers: Record<string, string>, change: Record<string, unknown> = {}) =>
  node.post('/v1/chat/completions', { ...body, ...change }, headers)
const newKey = (): Promise<string> => openWallet(node, 500)

describe('Idempotency-Key', () => {
  test('the same request is answered the same and charged once', async () => {
    const headers = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': '"k-1"' }
    const first = await chat(headers)
    const calls = node.upstream.stats.calls
    const again = await chat(headers)
    expect(first.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('x-routstr-cost-msats')).toBe(first.headers.get('x-routstr-cost-msats'))
    expect(node.upstream.stats.calls).toBe(calls)
  })

  test('another body with the same key is refused', async () => {
    const headers = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': 'k-2' }
    await chat(headers)
    expect(await chat(headers, { max_tokens: 41 })).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_key_reused' } },
    })
  })

  test('a request whose twin is still running is told to wait', async () => {
    const headers = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': 'k-3' }
    node.upstream.hold()
    const first = chat(headers)
    await expect.poll(() => node.upstream.stats.waiting).toBe(1)
    expect(await chat(headers)).toMatchObject({ status: 409, body: { error: { code: 'call_running' } } })
    node.upstream.release()
    expect((await first).status).toBe(200)
  })

  test('a one-shot that was resolved gives the same answer with the same change', async () => {
    const headers = { 'x-cashu': await node.mint.mintEcash(100), 'idempotency-key': 'k-4' }
    const first = await chat(headers)
    const again = await chat(headers)
    expect(first.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('x-cashu')).toBe(first.headers.get('x-cashu'))
  })

  test('a failed one-shot gives the same refund again, a failed call of a wallet runs again', async () => {
    node.upstream.behave('status_500')
    const oneShot = { 'x-cashu': await node.mint.mintEcash(100), 'idempotency-key': 'k-5' }
    const refused = await chat(oneShot)
    const wallet = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': 'k-6' }
    expect((await chat(wallet)).status).toBe(424)
    node.upstream.behave(undefined)
    expect(refused.status).toBe(424)
    expect((await chat(oneShot)).headers.get('x-cashu')).toBe(refused.headers.get('x-cashu'))
    expect((await chat(wallet)).status).toBe(200)
  })

  test('a streamed answer is kept whole', async () => {
    const headers = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': 'k-7' }
    const ask = () =>
      fetch(`${node.baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...body, stream: true }),
      }).then((response) => response.text())
    const first = await ask()
    expect(first).toContain('[DONE]')
    expect(await ask()).toBe(first)
  })

  test('kept answers are sealed: the data directory holds neither question nor answer', async () => {
    const headers = { authorization: `Bearer ${await newKey()}`, 'idempotency-key': 'k-8' }
    const { body: reply } = await chat(headers, { messages: [{ role: 'user', content: 'canary-zebra' }] })
    const stored = readdirSync(node.dataDir).map((name) => readFileSync(join(node.dataDir, name), 'latin1'))
    expect(JSON.stringify(reply)).toContain('canary-zebra')
    expect(stored.length).toBeGreaterThan(2)
    expect(stored.filter((text) => text.includes('canary-zebra'))).toEqual([])
  })
})
