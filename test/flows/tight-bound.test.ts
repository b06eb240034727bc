import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

/** 45,000 bytes, 10,000 tokens: by bytes its input alone is 9 sat at this price, by tokens 2. */
const body = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'The quick brown fox jumps over the lazy dog. '.repeat(1000) }],
  max_tokens: 50,
}

describe('a payer whose balance is too small for the byte bound', () => {
  test.each([
    ['ecash as key', (ecash: string) => ({ authorization: `Bearer ${ecash}` })],
    ['one-shot', (ecash: string) => ({ 'x-cashu': ecash })],
  ])('is admitted by a count of the tokens: %s', async (_, headers) => {
    const ecash = await node.mint.mintEcash(5)
    const reply = await node.post('/v1/chat/completions', body, headers(ecash))
    expect(reply.body).toMatchObject({ choices: [{}] })
    expect(reply.status).toBe(200)
  })

  test('is still refused when the tokens cost more than he has, and told the tighter amount', async () => {
    const ecash = await node.mint.mintEcash(2)
    const reply = await node.post('/v1/chat/completions', body, { 'x-cashu': ecash })
    expect(reply).toMatchObject({ status: 402, body: { error: { code: 'minimum_balance_required' } } })
    expect(Number(reply.body['amount_required_msat'])).toBeLessThanOrEqual(5000)
  })

  test('a clamped call gets the output that the closer count leaves room for', async () => {
    const ecash = await node.mint.mintEcash(11)
    const long = { ...body, max_tokens: 16_000 }
    const reply = await node.post('/v1/chat/completions', long, { authorization: `Bearer ${ecash}` })
    expect(reply.status).toBe(200)
    const [, limit] = /max_tokens=(\d+)/.exec(reply.headers.get('x-farebox-clamped') ?? '') ?? []
    expect(Number(limit)).toBeGreaterThan(5000)
  })
})
