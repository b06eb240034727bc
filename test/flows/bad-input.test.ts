import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, faultsInBooks, problemIn, isUntouched } from '../support/money-claims.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node[Symbol.asyncDispose]())

const CHAT = '/v1/chat/completions'
const good = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Tell me of trains' }],
  max_tokens: 20,
}
const without = (field: string): unknown =>
  Object.fromEntries(Object.entries(good).filter(([name]) => name !== field))

interface Row {
  readonly name: string
  readonly path?: string
  readonly body: unknown
  readonly status?: number
  readonly code?: string
}

const ROWS: readonly Row[] = [
  { name: 'malformed JSON', body: '{"model":"gpt-4o-mini","messages":[', code: 'invalid_json' },
  { name: 'an empty body', body: '', code: 'invalid_json' },
  { name: 'an array as body', body: '[]', code: 'invalid_json' },
  {
    name: 'a repeated key',
    body: `{"model":"gpt-4o","model":"gpt-4o-mini","messages":${JSON.stringify(good.messages)}}`,
    code: 'duplicate_key',
  },
  {
    name: 'a key repeated deep inside, written with an escape',
    body: '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"a","cont\\u0065nt":"b"}]}',
    code: 'duplicate_key',
  },
  { name: 'a known key in another case', body: { ...good, Max_Tokens: 5 }, code: 'duplicate_key' },
  { name: 'no model', body: without('model') },
  { name: 'an empty model', body: { ...good, model: '' } },
  { name: 'a model that is a number', body: { ...good, model: 4 } },
  { name: 'no messages', body: without('messages') },
  { name: 'empty messages', body: { ...good, messages: [] } },
  { name: 'messages that are a text', body: { ...good, messages: 'hello' } },
  { name: 'max_tokens 0', body: { ...good, max_tokens: 0 } },
  { name: 'max_tokens negative', body: { ...good, max_tokens: -1 } },
  { name: 'max_tokens with a fraction', body: { ...good, max_tokens: 1.5 } },
  { name: 'max_tokens as text', body: { ...good, max_tokens: '20' } },
  { name: 'max_tokens absurd', body: { ...good, max_tokens: 1e15 } },
  { name: 'max_completion_tokens absurd', body: { ...good, max_completion_tokens: 1e300 } },
  { name: 'n 0', body: { ...good, n: 0 } },
  { name: 'n negative', body: { ...good, n: -3 } },
  { name: 'n absurd', body: { ...good, n: 1_000_000 } },
  { name: 'n not whole', body: { ...good, n: 1.5 } },
  { name: 'stream as text', body: { ...good, stream: 'true' } },
  { name: 'stream as number', body: { ...good, stream: 1 } },
  { name: 'an unknown model', body: { ...good, model: 'gpt-5-mega' }, status: 404, code: 'model_not_found' },
  { name: 'a feature without a price', body: { ...good, web_search_options: {} }, code: 'unpriced_feature' },
  { name: 'no input', path: '/v1/embeddings', body: { model: 'text-embedding-3-small' } },
  { name: 'empty input', path: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: '' } },
  {
    name: 'an empty list as input',
    path: '/v1/embeddings',
    body: { model: 'text-embedding-3-small', input: [] },
  },
  { name: 'no embedding model', path: '/v1/embeddings', body: { input: 'a' } },
  { name: 'an unknown path', path: '/v1/nowhere', body: good, status: 404, code: 'not_found' },
]

describe('what is wrong with a request is said before its ecash is touched', () => {
  let key = ''
  let ecash = ''
  let before: unknown
  beforeAll(async () => {
    key = await openWallet(node, 500)
    ecash = await node.mint.mintEcash(500)
    before = await node.get('/v1/wallet/info', key)
  })

  test.each(ROWS)('$name', async ({ path = CHAT, body, status = 400, code = 'invalid_request' }) => {
    const credentials = [{ 'x-cashu': ecash }, bearer(ecash), bearer(key), { 'x-api-key': ecash }]
    for (const headers of credentials) {
      const reply = await node.post(path, body, headers)
      expect(problemIn(reply)).toMatchObject({ status, code })
      expect(reply.headers.get('x-cashu')).toBeNull()
    }
  })

  test('an unknown path is named as the clients look for it', async () => {
    const reply = await node.post('/v1/nowhere/at/all?a=b', good, { 'x-cashu': ecash })
    expect(problemIn(reply)).toMatchObject({
      status: 404,
      code: 'not_found',
      message: expect.stringMatching(/^Path '\/v1\/nowhere\/at\/all' not found/),
    })
  })

  test('a body over the limit', async () => {
    const body = JSON.stringify({
      ...good,
      messages: [{ role: 'user', content: 'a'.repeat(10 * 1024 * 1024) }],
    })
    expect(problemIn(await node.post(CHAT, body, { 'x-cashu': ecash }))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    })
    expect(problemIn(await node.post(CHAT, body, bearer(ecash)))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    })
  })

  test('a body over the limit that does not say its length', async () => {
    const piece = Buffer.alloc(64 * 1024, 'a')
    const reply = await chunked(CHAT, { pieces: 200, piece, ecash })
    expect(reply).toMatch(/^HTTP\/1.1 413 /)
    expect(reply).toContain('"body_too_large"')
  })

  test('a header over the limit is 431 in the same shape; one of 40 KB is read', async () => {
    const reply = await rawRequest(`X-Cashu: ${'a'.repeat(70_000)}`)
    expect(problemIn(reply)).toMatchObject({ status: 431, code: 'headers_too_large' })
    const large = await node.post(CHAT, good, {
      'x-cashu': ecash,
      'x-padding': 'a'.repeat(40_000),
      'x-farebox-clamp': 'no',
      'content-encoding': 'gzip',
    })
    expect(problemIn(large)).toMatchObject({ status: 415, code: 'content_encoding_unsupported' })
  })

  test('what is no HTTP is answered in the same shape', async () => {
    expect(problemIn(await rawRequest('bad header line without a colon'))).toMatchObject({
      status: 400,
      code: 'bad_http',
    })
  })

  test('after all of it the ecash is unspent, the balance is as it was, and nothing went up', async () => {
    expect(isUntouched(node.mint, ecash)).toBe(true)
    expect(await node.get('/v1/wallet/info', key)).toEqual(before)
    expect(node.upstream.stats.calls).toBe(0)
    expect(await faultsInBooks(node)).toBeUndefined()
  })
})

function rawRequest(line: string): Promise<TestReply> {
  return exchange(`GET /v1/models HTTP/1.1\r\nhost: node\r\n${line}\r\n\r\n`).then(parseReply)
}

function parseReply(text: string): TestReply {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1).trim()]
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: Object(JSON.parse(body)) }
}

function chunked(
  path: string,
  { pieces, piece, ecash }: { pieces: number; piece: Buffer; ecash: string },
): Promise<string> {
  const head = `POST ${path} HTTP/1.1\r\nhost: node\r\nx-cashu: ${ecash}\r\ntransfer-encoding: chunked\r\n\r\n`
  const chunk = `${piece.length.toString(16)}\r\n${piece.toString()}\r\n`
  return exchange(`${head}${chunk.repeat(pieces)}0\r\n\r\n`)
}

/** What the node answers on a connection of its own until it closes it or falls silent. */
function exchange(request: string): Promise<string> {
  const { hostname, port } = new URL(node.baseUrl)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(text))
    socket.write(request)
  })
}
