import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const PATH = '/v1/chat/completions'
const question = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], max_tokens: 20 }
let node: TestNode
let ecash: string
beforeAll(async () => {
  node = await startTestNode()
  ecash = await node.mint.mintEcash(1000)
})
afterAll(() => node[Symbol.asyncDispose]())

const origin = 'https://app.example'
const COMMON = {
  'x-request-id': expect.stringMatching(/^call_/),
  'x-routstr-request-id': expect.stringMatching(/^call_/),
  'access-control-allow-origin': '*',
  'access-control-expose-headers': expect.stringContaining('x-cashu'),
  'x-content-type-options': 'nosniff',
}

describe('the headers of every answer', () => {
  test.each([
    ['a paid answer', () => ask(question)],
    ['a stream', () => ask({ ...question, stream: true })],
    ['an answer that is kept', () => ask(question, { 'idempotency-key': 'one' })],
    ['an answer that is given again', () => ask(question, { 'idempotency-key': 'one' })],
    ['a refusal', () => ask({ ...question, model: 'no-such-model' })],
    ['a page', () => node.post('/v1/wallet/create', {}, { origin })],
    ['an unknown path', () => node.post('/nowhere', {}, { origin })],
  ])('%s has the call id, and any origin may read it', async (_, answer) => {
    const { headers } = await answer()
    expect(Object.fromEntries(headers)).toMatchObject(COMMON)
    expect(headers.get('x-routstr-request-id')).toBe(headers.get('x-request-id'))
  })

  test('a caller that is no page of any origin is spared the rules for pages', async () => {
    for (const { headers } of [await ask(question, {}, {}), await fetch(`${node.baseUrl}/v1/models`)]) {
      expect(headers.get('x-request-id')).toMatch(/^call_/)
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('a preflight of a paid route is answered for any origin and any header', async () => {
    const headers = {
      origin,
      'access-control-request-headers': 'x-cashu, authorization',
    }
    const answer = await fetch(`${node.baseUrl}${PATH}`, { method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      ...COMMON,
      'access-control-allow-headers': 'x-cashu, authorization',
      'access-control-allow-methods': expect.stringContaining('POST'),
    })
  })
})

async function ask(
  body: object,
  headers: Record<string, string> = {},
  from: Record<string, string> = { origin },
): Promise<Response> {
  const response = await fetch(`${node.baseUrl}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ecash}`, ...from, ...headers },
    body: JSON.stringify(body),
  })
  await response.text()
  return response
}
