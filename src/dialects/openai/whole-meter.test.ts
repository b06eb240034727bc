import { describe, expect, test } from 'vitest'
import { dialects, openaiChat, openaiEmbeddings } from '../index.ts'

const asked = openaiChat.readRequest(Buffer.from('{"model":"m","messages":[{"content":"hello"}]}'))
const cost = {
  totalMsats: 1500n,
  inputMsats: 500n,
  outputMsats: 1000n,
  totalUsd: 0.0012,
  remainingMsats: 7000n,
  estimated: false,
}
const shownCost = {
  total_msats: 1500,
  input_msats: 500,
  output_msats: 1000,
  total_usd: 0.0012,
  remaining_balance_msats: 7000,
}

function watch(reply: string, meter = openaiChat.meter(asked, false)) {
  const bytes = Buffer.from(reply)
  expect(meter.push(bytes.subarray(0, 7))).toHaveLength(0)
  expect(meter.push(bytes.subarray(7))).toHaveLength(0)
  meter.end()
  return meter
}

describe('a whole chat reply', () => {
  const choices =
    '"choices":[{"message":{"role":"assistant","content":"héllo \\u003c","tool_calls":[{"id":"x","function":{"arguments":"{}"}}]}}]'

  test('carries its cost in its usage, and every other byte as it came', () => {
    const usage = '{ "prompt_tokens":3,"completion_tokens":2,"cost":0.7}'
    const meter = watch(`{"id":"a" ,${choices},"usage":${usage} , "x":1.0 }\n`)
    expect(meter.isComplete()).toBe(true)
    expect(meter.failure()).toBeUndefined()
    expect(meter.usage()).toMatchObject({ inputTokens: 3, outputTokens: 2 })
    expect(meter.delivered()).toEqual({ outputEstimate: Math.ceil(8 / 4) + 1 + 0, hasContent: true })
    const text = meter.finish(cost).toString()
    const [before = '', after = ''] = text.split(/"usage":\{.*\} ,/)
    expect(before).toBe(`{"id":"a" ,${choices},`)
    expect(after).toBe(' "x":1.0 }\n')
    expect(JSON.parse(text)).toMatchObject({
      usage: { prompt_tokens: 3, completion_tokens: 2, cost: shownCost, cost_sats: 1.5 },
    })
  })

  test.each([
    [
      'is said in a nested object as well',
      '"a":{"usage":{"x":1}},"usage":{"prompt_tokens":3,"completion_tokens":2}',
    ],
    ['is a word in a text as well', '"a":"usage","usage":{"prompt_tokens":3,"completion_tokens":2}'],
    [
      'has an escape in its key',
      '"a":{"usage":{"x":1}},"us\\u0061ge":{"prompt_tokens":3,"completion_tokens":2}',
    ],
    ['is said twice', '"usage":{"x":1},"usage":{"prompt_tokens":3,"completion_tokens":2}'],
    ['has a cost of its own', '"usage":{"cost":7,"cost_sats":8,"prompt_tokens":3,"completion_tokens":2}'],
  ])('carries its cost in the right place when its usage %s', (_, members) => {
    const meter = watch(`{"choices":[],${members}}`)
    const usage = { prompt_tokens: 3, completion_tokens: 2, cost: shownCost, cost_sats: 1.5 }
    const text = meter.finish(cost).toString()
    expect(text.match(/"cost"/g)).toHaveLength(1)
    expect(JSON.parse(text)).toStrictEqual({ ...JSON.parse(`{"choices":[],${members}}`), usage })
  })

  test('carries a cost without a balance for a payer who has none', () => {
    const meter = watch(`{${choices},"usage":{"prompt_tokens":3,"completion_tokens":2}}`)
    const reply: unknown = JSON.parse(meter.finish({ ...cost, remainingMsats: undefined }).toString())
    const { remaining_balance_msats: _, ...shown } = shownCost
    expect(reply).toHaveProperty('usage', {
      prompt_tokens: 3,
      completion_tokens: 2,
      cost: shown,
      cost_sats: 1.5,
    })
  })

  test('gets estimated counts when the upstream reported nothing that can be used', () => {
    for (const usage of ['', ',"usage":null', ',"usage":{"prompt_tokens":-1,"completion_tokens":5}']) {
      const meter = watch(`{${choices}${usage}}`)
      expect(meter.usage()).toBeUndefined()
      const reply: unknown = JSON.parse(meter.finish({ ...cost, estimated: true }).toString())
      expect(reply).toMatchObject({
        usage: {
          prompt_tokens: asked.inputEstimate,
          completion_tokens: meter.delivered().outputEstimate,
          estimated: true,
          cost: shownCost,
        },
      })
    }
  })

  test('shows the estimate when that was charged by, whatever the upstream had reported', () => {
    const meter = watch(`{${choices},"usage":{"prompt_tokens":0,"completion_tokens":0}}`)
    expect(meter.usage()).toMatchObject({ inputTokens: 0, outputTokens: 0 })
    const reply: unknown = JSON.parse(meter.finish({ ...cost, estimated: true }).toString())
    expect(reply).toMatchObject({
      usage: { completion_tokens: meter.delivered().outputEstimate, estimated: true },
    })
  })

  test('tells an error and garbage from an answer', () => {
    expect(watch('{"error":{"message":"no luck"}}').failure()).toBe('no luck')
    for (const garbage of ['<html>', '', '{"choices":[{"mess', '[]', '{"choices":1}']) {
      const meter = watch(garbage)
      expect(meter.failure()).toBe('garbage')
      expect(meter.isComplete()).toBe(false)
      expect(meter.delivered().hasContent).toBe(false)
      expect(meter.finish(cost).toString()).toBe(garbage)
    }
  })

  test('knows an empty answer', () => {
    const meter = watch('{"choices":[{"message":{"role":"assistant","content":""}}]}')
    expect(meter.isComplete()).toBe(true)
    expect(meter.delivered()).toEqual({ outputEstimate: 0, hasContent: false })
  })
})

function read(body: unknown) {
  return openaiEmbeddings.readRequest(Buffer.from(JSON.stringify(body)))
}

describe('embeddings', () => {
  test.each([
    ['hello', 5 + 4, 2],
    [['hello', 'é'], 7 + 8, 3],
    [[1, 2, 3], 3 + 4, 3],
    [[[1, 2], [3]], 3 + 8, 3],
  ])('count an input of %j', (input, inputBound, inputEstimate) => {
    expect(read({ model: 'm', input })).toMatchObject({
      kind: 'embed',
      inputBound,
      inputEstimate,
      outputLimit: undefined,
    })
  })

  test.each([[''], [[]], [['']], [[1.5]], [[-1]], [['a', 1]], [[[]]], [{}], [undefined], [[['a']]]])(
    'refuse an input of %j',
    (input) => {
      expect(() => read({ model: 'm', input })).toThrow(/^input must/)
    },
  )

  test('are counted by the clients’ measure with one for each integer', () => {
    expect(read({ model: 'm', input: [1, 2] }).promptCharacters).toBe('modelminput'.length + 2)
  })

  test('go up with the upstream’s model and without what names the client', () => {
    const body = Buffer.from('{"user":"u","model":"m","input":"x","stream":true}')
    const request = openaiEmbeddings.readRequest(body)
    expect(request.dropped).toEqual(['user', 'stream'])
    const up = openaiEmbeddings.writeRequest(body, request, { model: 'up', outputLimit: undefined })
    expect(up.toString()).toBe('{"model":"up","input":"x"}')
    expect(() => openaiEmbeddings.readRequest(Buffer.from('{"Input":"y","model":"m","input":"x"}'))).toThrow(
      /Input/,
    )
  })

  test('come with their cost', () => {
    const meter = watch(
      '{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":5,"total_tokens":5}}',
      openaiEmbeddings.meter(read({ model: 'm', input: 'x' }), false),
    )
    expect(meter.isComplete()).toBe(true)
    expect(meter.usage()).toMatchObject({ inputTokens: 5, outputTokens: 0 })
    expect(meter.delivered()).toEqual({ outputEstimate: 0, hasContent: true })
    expect(JSON.parse(meter.finish(cost).toString())).toMatchObject({ usage: { cost: shownCost } })
  })
})

describe('an error', () => {
  const problem = {
    status: 402,
    type: 'insufficient_quota',
    code: 'insufficient_balance',
    message: 'Too little.',
    requestId: 'call_1',
    details: { a: 1 },
    refundToken: 'cashuB',
    extra: { amount_required_msat: 7 },
  }
  const error = {
    type: problem.type,
    code: problem.code,
    message: problem.message,
    details: { a: 1 },
    refund_token: 'cashuB',
  }

  test.each(dialects)('of $name stands where every client looks for it', (dialect) => {
    expect(JSON.parse(dialect.renderProblem(problem))).toEqual({
      error,
      detail: { error, amount_required_msat: 7 },
      request_id: 'call_1',
      amount_required_msat: 7,
    })
    const text = dialect.renderStreamProblem(problem).toString()
    expect(text).toMatch(/^data: .*\n\n$/)
    expect(JSON.parse(text.slice(6))).toEqual({ error, request_id: 'call_1' })
  })
})
