import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChatRequest } from './read-request.ts'
import { ChatStreamMeter } from './stream-meter.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const usage = fc.oneof(
  fc.constant(null),
  fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat(), note: text }),
)
const content = fc.record({
  id: fc.constant('c1'),
  choices: fc.array(
    fc.record({
      delta: fc.record({ content: text, reasoning: text }, { requiredKeys: [] }),
      finish_reason: fc.constantFrom(null, null, 'stop'),
    }),
    { maxLength: 2 },
  ),
})
const anyChunk = fc.oneof(
  content,
  fc.tuple(content, usage).map(([chunk, reported]) => ({ ...chunk, usage: reported })),
  fc.tuple(usage, content).map(([reported, chunk]) => ({ usage: reported, ...chunk })),
)
const anyEvent = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(anyChunk, fc.constantFrom(0, 0, 0, 1)).map(dataLines) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(': ping\n', '\n', 'event: message\n', 'id: 7\ndata: {}\n', '\n\n'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('data: [DONE]\n', 'data: {"error":{"message":"x"}}\n', '<html>\n'),
  },
)
const anyStream = fc
  .tuple(
    fc.array(anyEvent, { maxLength: 8 }),
    fc.constantFrom('\n', '\r\n', '\r'),
    fc.constantFrom('', 'data: [DONE]', 'data: {"cut', 'data: [DONE]\n\n'),
  )
  .map(([events, newline, last]) =>
    (events.map((event) => `${event}\n`).join('') + last).replaceAll('\n', newline),
  )

/** An event of one `data:` line, or of one for each line of indented JSON. */
function dataLines([chunk, indent]: readonly [unknown, number]): string {
  const lines = JSON.stringify(chunk, undefined, indent).split('\n')
  return lines.map((line) => `data: ${line}\n`).join('')
}

function run(pieces: readonly Buffer[], wantsUsage: boolean) {
  const request = { model: 'm', messages: [{}], stream: true, stream_options: { include_usage: wantsUsage } }
  const meter = new ChatStreamMeter(readChatRequest(Buffer.from(JSON.stringify(request))))
  const passed = Buffer.concat(pieces.map((piece) => meter.push(Buffer.from(piece))))
  meter.end()
  const cost = {
    totalMsats: 1n,
    inputMsats: 0n,
    outputMsats: 1n,
    totalUsd: 0,
    remainingMsats: 5n,
    estimated: false,
  }
  return {
    output: Buffer.concat([passed, meter.finish(cost)]).toString(),
    delivered: meter.delivered(),
    usage: meter.usage(),
    complete: meter.isComplete(),
    failure: meter.failure(),
  }
}

/** The estimate of what a reader of the output sees, counted the slow way. */
function estimateOf(output: string): number {
  const events = output.split(/\r\n\r\n|\n\n|\r\r/)
  const characters = Array.from(events.map(contentOf).join(''))
  const ascii = characters.filter((character) => character < '\u0080').length
  return Math.ceil(ascii / 4) + characters.length - ascii
}

function contentOf(event: string): string {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'))
  const data = lines.map((line) => line.slice(6)).join('\n')
  const chunk = data === '' || data === '[DONE]' ? {} : JSON.parse(data)
  const deltas: Record<string, string>[] = (chunk.choices ?? []).map(
    (choice: { delta: object }) => choice.delta,
  )
  return deltas.flatMap((delta) => Object.values(delta)).join('')
}

describe('a stream of chat chunks', () => {
  test('comes out the same and counts the same wherever it is split', () => {
    fc.assert(
      fc.property(
        anyStream,
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 6 }),
        (stream, wantsUsage, cuts) => {
          const bytes = Buffer.from(stream)
          const whole = run([bytes], wantsUsage)
          expect(
            run(
              [...bytes].map((byte) => Buffer.from([byte])),
              wantsUsage,
            ),
          ).toEqual(whole)
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
            (a, b) => a - b,
          )
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
          expect(run(pieces, wantsUsage)).toEqual(whole)
          expect(whole.delivered.outputEstimate).toBe(estimateOf(whole.output))
          expect(whole.output.split('[DONE]').length - 1).toBe(whole.complete ? 1 : 0)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('keeps every byte of its events when there is no usage in them', () => {
    fc.assert(
      fc.property(
        fc.array(content, { minLength: 1 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        (chunks, newline) => {
          const stream = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}${newline}${newline}`).join('')
          expect(run([Buffer.from(`${stream}data: [DONE]\n\n`)], false).output).toBe(
            `${stream}data: [DONE]\n\n`,
          )
        },
      ),
    )
  })
})
