/** The bytes that go over the wire, the same for everything that is measured. */

const MODEL = 'gpt-4o-mini'

const words = (count: number): string => 'lorem ipsum dolor sit amet '.repeat(count)

const USAGE = { prompt_tokens: 180, completion_tokens: 120, total_tokens: 300 }
const COMMON = { id: 'chatcmpl-bench-0123456789abcdef', created: 1_760_000_000, model: MODEL }

/** A request of 1 KB. */
export function requestBody(stream: boolean): Buffer {
  return Buffer.from(
    JSON.stringify({
      model: MODEL,
      messages: [{ role: 'user', content: words(33) }],
      max_tokens: 300,
      ...(stream && { stream: true, stream_options: { include_usage: true } }),
    }),
  )
}

export function request(path: string, { body, key }: { body: Buffer; key: string }): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `authorization: Bearer ${key}`,
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** A reply of 1 KB. */
export const WHOLE_REPLY: Buffer = Buffer.from(
  JSON.stringify({
    ...COMMON,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: words(26) }, finish_reason: 'stop' }],
    usage: USAGE,
  }),
)

export const MODEL_LIST: Buffer = Buffer.from(
  JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model', created: 1, owned_by: 'bench' }] }),
)

const event = (fields: object): Buffer =>
  Buffer.from(`data: ${JSON.stringify({ ...COMMON, object: 'chat.completion.chunk', ...fields })}\n\n`)

const choice = (delta: object, finish: string | null): object => ({
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  usage: null,
})

export const STREAM_EVENT: Buffer = event(choice({ content: ' dolor' }, null))
export const STREAM_END: readonly Buffer[] = [
  event(choice({}, 'stop')),
  event({ choices: [], usage: USAGE }),
  Buffer.from('data: [DONE]\n\n'),
]

export const STREAM_HEAD: Buffer = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
)

export function whole(body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

export function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}
