import { describe, expect, test } from 'vitest'
import { DomainError } from '../../../lib/index.ts'
import { readChatRequest } from './read-request.ts'

const hello = [{ role: 'user', content: 'hello' }]

function read(body: unknown, allowed: readonly string[] = []) {
  return readChatRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), allowed)
}

/** The code of the refusal, with the field that it names. */
function refusal(body: unknown): string {
  try {
    read(body)
    return 'none'
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return [error.code, error.details?.['param']].filter(Boolean).join(' ')
  }
}

describe('readChatRequest', () => {
  test('reads what is asked', () => {
    const asked = read({
      model: 'm',
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
      n: 3,
      max_tokens: 50,
      max_completion_tokens: 70,
      max_output_tokens: null,
    })
    expect(asked).toMatchObject({
      kind: 'generate',
      model: 'm',
      stream: true,
      wantsUsage: true,
      choices: 3,
      outputLimit: 70,
      formulaOutputTokens: 50,
      dropped: [],
      features: [],
    })
    expect(read({ model: 'm', messages: hello, stream: null })).toMatchObject({
      stream: false,
      wantsUsage: false,
      choices: 1,
      outputLimit: undefined,
    })
  })

  test.each([
    ['', 'invalid_json'],
    ['[1]', 'invalid_json'],
    ['"x"', 'invalid_json'],
    ['null', 'invalid_json'],
    ['{"model":"m"', 'invalid_json'],
    [`{"model":"m","messages":${'['.repeat(64)}${']'.repeat(64)}}`, 'invalid_json'],
    [{ messages: hello }, 'invalid_request model'],
    [{ model: '', messages: hello }, 'invalid_request model'],
    [{ model: 7, messages: hello }, 'invalid_request model'],
    [{ model: 'm' }, 'invalid_request messages'],
    [{ model: 'm', messages: [] }, 'invalid_request messages'],
    [{ model: 'm', messages: {} }, 'invalid_request messages'],
    [{ model: 'm', messages: ['hi'] }, 'invalid_request messages[0]'],
    [{ model: 'm', messages: [{ role: 'user', content: 7 }] }, 'invalid_request messages[0].content'],
    [{ model: 'm', messages: hello, stream: 'yes' }, 'invalid_request stream'],
    [{ model: 'm', messages: hello, stream_options: true }, 'invalid_request stream_options'],
    [{ model: 'm', messages: hello, n: 0 }, 'invalid_request n'],
    [{ model: 'm', messages: hello, n: 129 }, 'invalid_request n'],
    [{ model: 'm', messages: hello, max_tokens: -1 }, 'invalid_request max_tokens'],
    [{ model: 'm', messages: hello, max_tokens: 1.5 }, 'invalid_request max_tokens'],
    [{ model: 'm', messages: hello, max_tokens: '5' }, 'invalid_request max_tokens'],
    [{ model: 'm', messages: hello, max_completion_tokens: 1e9 }, 'invalid_request max_completion_tokens'],
    [{ model: 'm', messages: hello, tools: {} }, 'invalid_request tools'],
  ])('refuses %j as %s', (body, expected) => {
    expect(refusal(body)).toBe(expected)
  })

  test('refuses a body with more keys than any has that is meant', () => {
    const many = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`k${index}`, 0]))
    expect(() => read({ model: 'm', messages: [many] })).toThrow(/keys/)
  })

  test('refuses bytes that are not UTF-8', () => {
    const bytes = Buffer.from('{"model":"m\xff","messages":[{}]}', 'latin1')
    expect(() => readChatRequest(bytes)).toThrow(/not a JSON object/)
  })

  test.each([
    ['{"model":"m","model":"m","messages":[{}]}', 'model'],
    ['{"model":"m","\\u006dodel":"n","messages":[{}]}', 'model'],
    ['{"model":"m","messages":[{"content":"a","content":"b"}]}', 'content'],
    ['{"model":"m","Model":"n","messages":[{}]}', 'Model'],
    ['{"model":"m","MAX_TOKENS":9,"messages":[{}]}', 'MAX_TOKENS'],
    ['{"model":"m","me\u017f\u017fages":[],"messages":[{}]}', 'me\u017f\u017fages'],
    ['{"model":"m","messages":[{"content":"a","Content":[]}]}', 'Content'],
    ['{"model":"m","messages":[{"content":[{"type":"text","Type":"image_url"}]}]}', 'Type'],
  ])('refuses %s, which can be read in two ways', (body, key) => {
    expect(refusal(body)).toBe(`duplicate_key ${key}`)
  })

  test('keeps back what is unknown, names the client or keeps texts, and names it', () => {
    const body = {
      user: 'u',
      model: 'm',
      messages: hello,
      metadata: {},
      store: true,
      service_tier: 'auto',
      top_k: 5,
      temperature: 0,
    }
    expect(read(body).dropped).toEqual(['user', 'metadata', 'store', 'service_tier', 'top_k'])
    expect(read(body, ['top_k']).dropped).not.toContain('top_k')
    expect(read(body).features).toEqual([])
  })

  test.each([
    [{ web_search_options: {} }, 'web_search', 'web_search_options'],
    [{ modalities: ['text', 'audio'] }, 'output_audio', 'modalities'],
    [{ audio: { voice: 'x' } }, 'output_audio', 'audio'],
    [{ service_tier: 'priority' }, 'service_tier', 'service_tier'],
    [{ models: ['a'] }, 'upstream_routing', 'models'],
    [{ plugins: [] }, 'upstream_routing', 'plugins'],
    [{ tools: [{ type: 'web_search' }] }, 'server_tool', 'tools'],
    [content({ type: 'input_audio', input_audio: {} }), 'input_audio', 'messages[0].content[].input_audio'],
    [content({ type: 'file', file: {} }), 'input_file', 'messages[0].content[].file'],
    [content({ type: 'video_url' }), 'input_file', 'messages[0].content[].video_url'],
    [content({ type: 'text', text: 'x', file: {} }), 'input_file', 'messages[0].content[].text'],
    [{ messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'input_audio', 'messages[0].audio'],
  ])('finds in %j what needs a price of its own', (extra, feature, field) => {
    const asked = read({ model: 'm', messages: hello, ...extra })
    expect(asked.features).toEqual([feature])
    expect(asked.featureFields).toEqual([field])
  })

  test.each([
    [{ web_search_options: null }],
    [{ modalities: ['text'] }],
    [{ service_tier: 'default' }],
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }],
  ])('finds nothing of the kind in %j', (extra) => {
    expect(read({ model: 'm', messages: hello, ...extra }).features).toEqual([])
  })

  test('counts images, and takes their base64 out of the text but nothing else', () => {
    const url = (text: string) => content({ type: 'image_url', image_url: { url: text } })
    const plain = read({ model: 'm', ...url('') })
    const inline = read({ model: 'm', ...url(`data:image/png;base64,${'A'.repeat(9000)}`) })
    expect(inline.images).toBe(1)
    expect(inline.inputBound).toBe(plain.inputBound)
    expect(inline.promptCharacters).toBeGreaterThan(9000)
    const text = read({ model: 'm', ...url(`data:image/png;base64,${'A '.repeat(4500)}`) })
    expect(text.inputBound).toBeGreaterThan(9000)
    expect(read({ model: 'm', ...content({ type: 'text', image_url: { url: 'http://x' } }) }).images).toBe(1)
  })

  test('bounds the input by the bytes of each string before or after NFKC', () => {
    const base = bound('')
    expect(bound('hello') - base).toBe(5)
    expect(bound('\u4e2d') - base).toBe(3)
    // U+FDFA is three bytes, and eighteen characters once it is normalised.
    expect(bound('\ufdfa') - base).toBe(Buffer.byteLength('\ufdfa'.normalize('NFKC')))
    const escaped = readChatRequest(
      Buffer.from('{"model":"m","messages":[{"role":"user","content":"\\ufdfa"}]}'),
    )
    expect(escaped.inputBound).toBe(bound('\ufdfa'))
  })

  test('bounds tools and reply schemas by their JSON, and what providers add to them', () => {
    const plain = read({ model: 'm', messages: hello }).inputBound
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const size = JSON.stringify(tools).length
    expect(read({ model: 'm', messages: hello, tools }).inputBound).toBe(plain + size + 1024)
    const format = { type: 'json_schema', json_schema: { name: 'x\ufdfa' } }
    const more = Buffer.byteLength(JSON.stringify(format)) + 30 + 1024
    expect(read({ model: 'm', messages: hello, response_format: format }).inputBound).toBe(plain + more)
  })

  test('counts the characters of all strings and keys as the clients do', () => {
    const asked = read({ model: 'm', messages: [{ role: 'user', content: 'h\u00e9\u{1f600}' }], stop: ['x'] })
    expect(asked.promptCharacters).toBe('modelmmessagesroleusercontentstopx'.length + 3)
    expect(asked.inputEstimate).toBe(Math.ceil('userh'.length / 4) + 2)
  })

  test('reads ten megabytes of combining marks without getting stuck', () => {
    const evil = `a${'\u0301\u0316'.repeat(1_000_000)}`
    const start = performance.now()
    read({ model: 'm', messages: [{ role: 'user', content: evil }] })
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

function content(part: unknown) {
  return { messages: [{ role: 'user', content: [part] }] }
}

function bound(text: string): number {
  return read({ model: 'm', messages: [{ role: 'user', content: text }] }).inputBound
}
