import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChatRequest } from './read-request.ts'
import { writeChatRequest } from './write-request.ts'

const limit = fc.option(fc.integer({ min: 1, max: 2000 }))
const anyBody = fc
  .record(
    {
      model: fc.string({ minLength: 1, unit: 'binary' }),
      messages: fc.array(fc.record({ role: fc.constant('user'), content: fc.string({ unit: 'binary' }) }), {
        minLength: 1,
      }),
      stream: fc.option(fc.boolean()),
      stream_options: fc.option(fc.dictionary(fc.constantFrom('include_usage', 'x'), fc.boolean())),
      max_tokens: limit,
      max_completion_tokens: limit,
      max_output_tokens: limit,
      user: fc.string(),
      unknown: fc.jsonValue(),
      metadata: fc.jsonValue(),
      temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
    },
    { requiredKeys: ['model', 'messages'] },
  )
  .chain((body) => fc.shuffledSubarray(Object.entries(body), { minLength: Object.keys(body).length }))
  .map((entries) => Object.fromEntries(entries))

/** What is to go up, made the slow way. */
function expected(body: Record<string, unknown>, model: string, outputLimit: number): unknown {
  const { user: _u, unknown: _x, metadata: _m, ...up } = body
  up['model'] = model
  const names = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
  for (const name of names) {
    const own = up[name]
    if (typeof own === 'number') up[name] = Math.min(own, outputLimit)
  }
  const isLimited = typeof up['max_tokens'] === 'number'
  if (typeof up['max_completion_tokens'] !== 'number' && (!isLimited || 'max_completion_tokens' in up)) {
    up['max_completion_tokens'] = outputLimit
  }
  if (up['stream'] === true) {
    up['stream_options'] = { ...Object(up['stream_options'] ?? {}), include_usage: true }
  }
  return up
}

describe('writeChatRequest', () => {
  test('changes what it must and nothing else, whatever stands where', () => {
    fc.assert(
      fc.property(
        anyBody,
        fc.constantFrom(undefined, 2, '\r\n\t'),
        fc.integer({ min: 1, max: 2000 }),
        (body, spacing, outputLimit) => {
          const bytes = Buffer.from(JSON.stringify(body, undefined, spacing))
          const asked = readChatRequest(bytes)
          const up = writeChatRequest(bytes, asked, { model: 'up/ü"', outputLimit })
          expect(JSON.parse(up.toString())).toEqual(
            JSON.parse(JSON.stringify(expected(body, 'up/ü"', outputLimit))),
          )
          expect(writeChatRequest(Buffer.from(bytes), asked, { model: 'up/ü"', outputLimit })).toEqual(up)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('sends one limit that the upstream reads, and no field that it refuses, whatever the caller sent', () => {
    fc.assert(
      fc.property(
        anyBody,
        fc.integer({ min: 1, max: 2000 }),
        fc.boolean(),
        (body, outputLimit, takesStreamOptions) => {
          const bytes = Buffer.from(JSON.stringify(body))
          const asked = readChatRequest(bytes)
          const quirks = { limitField: 'max_tokens', takesStreamOptions } as const
          const up: unknown = JSON.parse(
            writeChatRequest(bytes, asked, { model: 'm', outputLimit, ...quirks }).toString(),
          )
          const { user: _u, unknown: _x, metadata: _m, stream_options: options, ...rest } = body
          const { max_tokens: own, max_completion_tokens: _c, max_output_tokens: _o, ...kept } = rest
          const lowered = typeof own === 'number' ? Math.min(own, outputLimit) : outputLimit
          const sent = takesStreamOptions ? optionsSent(body['stream'] === true, options) : {}
          expect(up).toEqual(
            JSON.parse(JSON.stringify({ ...kept, model: 'm', max_tokens: lowered, ...sent })),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('sends the very bytes when nothing must change', () => {
    const bytes = Buffer.from('{ "model":"m","messages":[{}],  "max_tokens":5.0, "temperature":1e0 }')
    const asked = readChatRequest(bytes)
    expect(writeChatRequest(bytes, asked, { model: 'm', outputLimit: 5 })).toBe(bytes)
    const lowered = writeChatRequest(bytes, asked, { model: 'm', outputLimit: 4 }).toString()
    expect(lowered).toBe('{ "model":"m","messages":[{}],  "max_tokens":4, "temperature":1e0 }')
  })

  test('sends a limit that upstreams know beside one that they do not', () => {
    const bytes = Buffer.from('{"model":"m","messages":[{}],"max_output_tokens":9}')
    const up = writeChatRequest(bytes, readChatRequest(bytes), { model: 'm', outputLimit: 7 }).toString()
    expect(up).toBe('{"model":"m","messages":[{}],"max_output_tokens":7,"max_completion_tokens":7}')
  })
})

/** What stands as the options of a stream upstream: the usage is always asked for. */
function optionsSent(isStream: boolean, own: unknown): object {
  if (isStream) return { stream_options: { ...Object(own ?? {}), include_usage: true } }
  return own === undefined ? {} : { stream_options: own }
}
