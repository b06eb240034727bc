import { describe, expect, test } from 'vitest'
import type { Meter } from '../../canonical/meter.ts'
import { readChatRequest } from './read-request.ts'
import { ChatStreamMeter } from './stream-meter.ts'

const ask = { model: 'm', messages: [{ content: 'hello' }], stream: true }
const quiet = readChatRequest(Buffer.from(JSON.stringify(ask)))
const curious = readChatRequest(
  Buffer.from(JSON.stringify({ ...ask, stream_options: { include_usage: true } })),
)
const two = readChatRequest(Buffer.from(JSON.stringify({ ...ask, n: 2 })))
const cost = {
  totalMsats: 1500n,
  inputMsats: 500n,
  outputMsats: 1000n,
  totalUsd: 0.0012,
  remainingMsats: undefined,
  estimated: false,
}
const head = '"id":"c1","object":"chat.completion.chunk","created":7,"model":"up"'
const shown = {
  cost: { total_msats: 1500, input_msats: 500, output_msats: 1000, total_usd: 0.0012 },
  cost_sats: 1.5,
}
const usage = '{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}'
const usageChunk = `data: {${head},"choices":[],"usage":${usage}}\n\n`
const done = 'data: [DONE]\n\n'

function event(delta: string, rest = ''): string {
  return `data: {${head},"choices":[{"index":0,"delta":${delta},"finish_reason":null}]${rest}}\n\n`
}
const stop = event('{}').replace('null', '"stop"')

/** Sends a stream through a meter in one piece; says what passed at once and what at the end. */
function run(
  stream: string,
  meter: Meter = new ChatStreamMeter(quiet),
  report: typeof cost | undefined = cost,
) {
  const passed = meter.push(Buffer.from(stream)).toString()
  meter.end()
  return { passed, meter, tail: meter.finish(report).toString() }
}

function chunkOf(tail: string): unknown {
  return JSON.parse(tail.slice('data: '.length, tail.indexOf('\n\n')))
}

describe('a stream whose caller did not ask for usage', () => {
  test('passes as it came, without the usage that the node had asked for', () => {
    const deltas = event('{"role":"assistant","content":""}') + event('{"content":"hé"}') + stop
    const { passed, meter, tail } = run(`: hello\n\n${deltas}${usageChunk}${done}`)
    expect(passed).toBe(`: hello\n\n${deltas}`)
    expect(tail).toBe(done)
    expect(meter.usage()).toMatchObject({ inputTokens: 5, outputTokens: 2 })
    expect(meter.delivered()).toEqual({ outputEstimate: 2, hasContent: true })
    expect(meter.isComplete()).toBe(true)
  })

  test('has no empty usage in its events', () => {
    const nulls = event('{"content":"a"}', ',"usage":null') + event('{"content":"b"}', ' , "usage" : null')
    const first = `data: {"usage":null,${head},"choices":[]}\n\n`
    const { passed } = run(nulls + first + done)
    const { passed: plain } = run(
      `${event('{"content":"a"}')}${event('{"content":"b"}', ' ')}data: {${head},"choices":[]}\n\n`,
    )
    expect(passed).toBe(plain)
  })

  test('loses the usage on a content event but not the content', () => {
    const { passed, meter } = run(event('{"content":"a"}', `,"usage":${usage}`) + done)
    expect(passed).toBe(event('{"content":"a"}'))
    expect(meter.usage()).toMatchObject({ inputTokens: 5 })
  })

  test('is not disturbed by an answer about usage and errors', () => {
    const delta = JSON.stringify({
      content: '{"usage":{"prompt_tokens":9},"error":{"x":1},"delta":{"a":"b"}} data: [DONE]\n\n',
    })
    const { passed, meter } = run(event(delta) + done)
    expect(passed).toBe(event(delta))
    expect(meter.usage()).toBeUndefined()
    expect(meter.failure()).toBeUndefined()
  })
})

describe('a stream whose caller asked for usage', () => {
  test('ends with one usage chunk that names the cost', () => {
    const nulls = event('{"content":"a"}', ',"usage":null')
    const { passed, tail } = run(nulls + usageChunk + done, new ChatStreamMeter(curious))
    expect(passed).toBe(nulls)
    expect(chunkOf(tail)).toEqual({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'up',
      choices: [],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, ...shown },
    })
    expect(tail.endsWith(`\n\n${done}`)).toBe(true)
  })

  test('gets that chunk too when the usage stood on content events; the last one counts', () => {
    const events =
      event('{"content":"a"}', ',"usage":{"prompt_tokens":1,"completion_tokens":1}') +
      event('{"content":"b"}', `,"usage":${usage}`) +
      event('{"content":"c"}', ',"usage":null')
    const { passed, meter, tail } = run(events + done, new ChatStreamMeter(curious))
    expect(passed).toBe(events)
    expect(meter.usage()).toMatchObject({ inputTokens: 5, outputTokens: 2 })
    expect(chunkOf(tail)).toMatchObject({ id: 'c1', choices: [], usage: { prompt_tokens: 5, ...shown } })
  })

  test('gets estimated counts when the upstream reported none, or they were not charged by', () => {
    for (const reported of ['', usageChunk]) {
      const meter = new ChatStreamMeter(curious)
      const { tail } = run(event('{"content":"hello"}') + reported + done, meter, {
        ...cost,
        estimated: true,
      })
      const estimated = { prompt_tokens: curious.inputEstimate, completion_tokens: 2, estimated: true }
      expect(chunkOf(tail)).toMatchObject({ choices: [], usage: { ...estimated, ...shown } })
    }
  })
})

describe('a one-shot payer who takes a live stream', () => {
  test('gets his change in the last chunk, with the usage, asked for or not', () => {
    for (const asked of [quiet, curious]) {
      const meter = new ChatStreamMeter(asked)
      const report = { ...cost, payment: { id: 'pay_1', change: 'cashuBx' } }
      const { tail } = run(event('{"content":"a"}') + usageChunk + done, meter, report)
      expect(chunkOf(tail)).toMatchObject({
        choices: [],
        usage: { prompt_tokens: 5, ...shown },
        farebox: { payment_id: 'pay_1', change: 'cashuBx' },
      })
      expect(tail.split('data: ')).toHaveLength(3)
    }
  })
})

describe('the end of a stream', () => {
  test('is complete with [DONE] or as many finish reasons as answers, and says [DONE] once', () => {
    expect(run(event('{"content":"a"}') + stop).tail).toBe(done)
    expect(run(event('{"content":"a"}') + done + done).tail).toBe(done)
    expect(run(`${event('{"content":"a"}')}data: [DONE]`).tail).toBe(done)
    expect(run(stop, new ChatStreamMeter(two)).meter.isComplete()).toBe(false)
    expect(run(stop + stop, new ChatStreamMeter(two)).meter.isComplete()).toBe(true)
  })

  test('is not complete when the stream was cut, and then has no [DONE]', () => {
    const { passed, meter, tail } = run(
      `${event('{"content":"a"}')}data: {"choices":[{"delta":{"content":"bbbbbbbbb`,
    )
    expect(passed).toBe(event('{"content":"a"}'))
    expect(meter.isComplete()).toBe(false)
    expect(meter.delivered().outputEstimate).toBe(1)
    expect(tail).toBe('')
  })

  test('passes a last event that lacks its empty line', () => {
    expect(run(stop.trimEnd())).toMatchObject({ passed: '', tail: stop + done })
  })
})

describe('a failure', () => {
  test.each([
    ['data: {"error":{"message":"no luck","code":502}}\n\n', 'no luck'],
    [
      'data: {"id":"x","choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"code":1}}\n\n',
      '{"code":1}',
    ],
    ['event: error\ndata: {"message":"no luck"}\n\n', 'no luck'],
    ['<html>\n\n</html>\n\n', 'garbage: not an event stream'],
  ])('is noticed in %j, and nothing passes from there on', (failing, text) => {
    const { passed, meter, tail } = run(event('{"content":"a"}') + failing + event('{"content":"b"}') + done)
    expect(passed).toBe(event('{"content":"a"}'))
    expect(meter.failure()).toBe(text)
    expect(meter.isComplete()).toBe(false)
    expect(meter.delivered().outputEstimate).toBe(1)
    expect(tail).toBe('')
  })

  test('is a stream without events', () => {
    for (const stream of ['', '<html></html>', ': ping\n\n', '{"choices":[]}']) {
      expect(run(stream).meter.failure()).toMatch(/^garbage/)
    }
  })

  test('is not an error that is null', () => {
    expect(run(event('{"content":"a"}', ',"error":null') + done).meter.failure()).toBeUndefined()
  })
})

describe('the estimate', () => {
  test.each([
    ['{"content":"12345678"}', 2],
    ['{"content":"日本"}', 2],
    ['{"content":"\\u65e5\\ud83d\\ude00"}', 2],
    ['{"content":"\\u003c\\n\\"\\\\"}', 1],
    ['{"role":"assistant","content":null,"refusal":"abcd"}', 1],
    ['{"reasoning_content":"abcd"}', 1],
    ['{"reasoning":"abcd","reasoning_content":"abcd","reasoning_details":[{"text":"abcd"}]}', 1],
    ['{"reasoning":null,"reasoning_content":"abcd"}', 1],
    [
      '{"tool_calls":[{"index":0,"id":"call_xxxx","type":"function","function":{"name":"ab","arguments":"{}"}}]}',
      1,
    ],
    ['{"audio":{"id":"x","data":"AAAAAAAAAAAA","transcript":"abcd"}}', 1],
    ['{ "content" : "abcd" }', 1],
    ['{"reasoning_details":[{"text":"abcd"},{"text":"abcd"}],"content":"abcd"}', 1],
    ['{"content":""}', 0],
  ])('of %s is %i', (delta, estimate) => {
    const { meter } = run(event(delta).replace('"delta":', '"delta" : '))
    expect(meter.delivered()).toEqual({ outputEstimate: estimate, hasContent: estimate > 0 })
  })

  test('counts every answer in an event', () => {
    const both = '{"content":"abcd"}},{"index":1,"delta":{"content":"efgh"}'
    expect(run(event(both)).meter.delivered().outputEstimate).toBe(2)
  })
})
