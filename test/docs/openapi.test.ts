import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { OPERATIONS } from '../../scripts/docs/api-operations.ts'
import { errorBody } from '../../scripts/docs/api-shapes.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const CHAT = '/v1/chat/completions'
const QUESTION = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50 }
/** Answered by the upstream, in its own shape; or ruled out by a header that a request cannot have twice. */
const PASSED_ON = ['post /v1/chat/completions', 'post /v1/embeddings']

let node: TestNode
const answers = new Map<string, unknown>()
beforeAll(async () => {
  node = await startTestNode()
  await askEverything()
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
})

describe('the shapes of openapi.json', () => {
  test.each(Object.keys(OPERATIONS).filter((name) => !PASSED_ON.includes(name)))(
    'are those of a live node: %s',
    (name) => {
      const shape = OPERATIONS[name]?.answer
      expect(shape?.safeParse(answers.get(name)).error?.issues).toBeUndefined()
      expect(shape?.safeParse({ something: 'else' }).success).toBe(false)
    },
  )

  test('hold for errors, and for the change of a call', async () => {
    const refused = await node.post(CHAT, QUESTION)
    expect(refused.status).toBe(402)
    expect(errorBody.safeParse(refused.body).error).toBeUndefined()
    const ecash = await node.mint.mintEcash(100)
    await node.post(CHAT, QUESTION, { 'x-cashu': ecash })
    const change = await node.post('/v1/wallet/refund', {}, { 'x-cashu': ecash })
    expect(OPERATIONS['post /v1/wallet/refund']?.answer?.safeParse(change.body).error).toBeUndefined()
  })

  test('are in a document that names them all', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/reference/openapi.json'), 'utf8')
    const document = z.object({
      openapi: z.literal('3.1.0'),
      paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.looseObject({}) }))),
    })
    const { paths } = document.parse(JSON.parse(text))
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(named.toSorted()).toEqual(Object.keys(OPERATIONS).toSorted())
  })
})

async function askEverything(): Promise<void> {
  const created = await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(500) })
  answers.set('post /v1/wallet/create', created.body)
  const key = String(created.body['api_key'])
  const paid = { authorization: `Bearer ${key}` }
  const more = await node.mint.mintEcash(100)
  answers.set('get /v1/wallet/create', await node.get(`/v1/wallet/create?cashu_token=${more}`))
  const topup = { cashu_token: await node.mint.mintEcash(100) }
  answers.set('post /v1/wallet/topup', (await node.post('/v1/wallet/topup', topup, paid)).body)
  for (const path of ['/v1/wallet', '/v1/wallet/info', '/v1/wallet/balance']) {
    answers.set(`get ${path}`, await node.get(path, key))
  }
  answers.set('post /v1/wallet/withdraw', (await node.post('/v1/wallet/withdraw', { amount: 10 }, paid)).body)
  answers.set('post /v1/wallet/refund', (await node.post('/v1/wallet/refund', {}, paid)).body)
  for (const path of ['/', '/v1/info', '/v1/models', '/healthz', '/ping', '/health', '/readyz']) {
    answers.set(`get ${path}`, await node.get(path))
  }
  answers.set('get /v1/models/{id}', await node.get('/v1/models/gpt-4o-mini'))
}
