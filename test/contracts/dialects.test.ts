import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { type CostReport, type Dialect, dialects, type Usage } from '../../src/dialects/index.ts'
import { DomainError } from '../../src/lib/index.ts'

let upstream: Upstream
beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.close())

/** A request of each dialect, whole and, where it streams, streamed. A new dialect adds its own line. */
const EXAMPLES: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  'openai.chat': [
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Tell me of trains' }], max_tokens: 30 },
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Tell me of trains' }], stream: true },
  ],
  'openai.embeddings': [{ model: 'text-embedding-3-small', input: ['trains', 'ships'] }],
}
const REFUSALS = ['invalid_json', 'duplicate_key', 'invalid_request']
const COST: CostReport = {
  totalMsats: 123_456n,
  inputMsats: 23_456n,
  outputMsats: 100_000n,
  totalUsd: 0.000_123,
  remainingMsats: 1_000_000n,
  estimated: false,
}
const cases = dialects.flatMap((dialect) =>
  (EXAMPLES[dialect.name] ?? []).map(
    (body) => [`${dialect.name}${body['stream'] === true ? ', streamed' : ''}`, dialect, body] as const,
  ),
)

/** What an upstream answers to the example, as bytes of the wire. */
async function replyTo(dialect: Dialect, body: Buffer): Promise<Buffer> {
  const asked = dialect.readRequest(body)
  const sent = dialect.writeRequest(body, asked, { model: asked.model, outputLimit: asked.outputLimit })
  const response = await fetch(`${upstream.url}${dialect.upstreamPath}`, {
    method: dialect.method,
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array(sent),
  })
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

/** One reply, in pieces cut at these places. */
function passThrough(
  dialect: Dialect,
  { request, reply, cuts }: { request: Buffer; reply: Buffer; cuts: readonly number[] },
): { text: string; early: Buffer; usage: Usage | undefined; isComplete: boolean } {
  const asked = dialect.readRequest(request)
  const meter = dialect.meter(asked, asked.stream)
  const ends = [...new Set([...cuts.map((cut) => cut % reply.length), reply.length])].toSorted(
    (a, b) => a - b,
  )
  let from = 0
  const passed: Buffer[] = []
  for (const end of ends) {
    passed.push(meter.push(reply.subarray(from, end)))
    from = end
  }
  meter.end()
  const [usage, isComplete] = [meter.usage(), meter.isComplete()]
  const early = Buffer.concat(passed)
  return { text: Buffer.concat([...passed, meter.finish(COST)]).toString(), early, usage, isComplete }
}

test('every dialect has an example, a name and paths of its own', () => {
  expect(dialects.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXAMPLES).toSorted())
  const paths = dialects.flatMap((dialect) => dialect.paths)
  expect(new Set(paths).size).toBe(paths.length)
  for (const path of [...paths, ...dialects.map(({ upstreamPath }) => upstreamPath)]) {
    expect(path).toMatch(/^\/.*[^/]$/)
  }
})

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('the dialect %s', (_, dialect) => {
  test('refuses junk by its three codes and by nothing else', () => {
    const codes: unknown[] = []
    const junk = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc.constant(Buffer.from('{"model":"a","model":"b"}')),
    )
    fc.assert(
      fc.property(junk, (body) => {
        try {
          dialect.readRequest(body)
        } catch (error) {
          codes.push(error instanceof DomainError ? error.code : error)
        }
      }),
      { numRuns: 300 },
    )
    expect(codes.length).toBeGreaterThan(0)
    expect(codes.filter((code) => !REFUSALS.some((known) => known === code))).toEqual([])
  })

  test('an error keeps its code, message and request id, whole and inside a stream', () => {
    const problem = {
      status: 402,
      type: 'payment_required',
      code: 'payment_required',
      message: 'Nothing was charged.',
      requestId: 'call_1',
    }
    const whole = dialect.renderProblem(problem)
    expect(() => JSON.parse(whole)).not.toThrow()
    for (const text of [whole, dialect.renderStreamProblem(problem).toString()]) {
      for (const part of [problem.code, problem.message, problem.requestId]) expect(text).toContain(part)
    }
  })
})

describe.each(cases)('%s', (_, dialect, example) => {
  const request = Buffer.from(JSON.stringify(example))

  test('what goes up names the upstream’s model and no more output than was set aside', () => {
    const asked = dialect.readRequest(request)
    expect(asked.model).toBe(example['model'])
    expect(asked.stream).toBe(example['stream'] === true)
    expect(asked.inputBound).toBeGreaterThanOrEqual(asked.inputEstimate)
    const outputLimit = asked.kind === 'generate' ? 7 : undefined
    const sent = dialect.writeRequest(request, asked, { model: 'vendor/other', outputLimit })
    const reread = dialect.readRequest(sent)
    expect(reread).toMatchObject({ model: 'vendor/other', outputLimit, stream: asked.stream })
  })

  test('a reply counts the same however it is cut, and its end waits for the settlement', async () => {
    const reply = await replyTo(dialect, request)
    const whole = passThrough(dialect, { request, reply, cuts: [] })
    expect(whole.isComplete).toBe(true)
    // Something is left for after the settlement, and with what left before it is one reply, not one and a half.
    expect(whole.early.length).toBeLessThan(Buffer.byteLength(whole.text))
    const passedOn = Buffer.from(whole.text)
    expect(passThrough(dialect, { request, reply: passedOn, cuts: [] }).isComplete).toBe(true)
    const counts = Object.values(whole.usage ?? {})
    expect(counts.length).toBeGreaterThan(5)
    expect(counts.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true)
    expect(whole.usage?.inputTokens).toBeGreaterThan(0)
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const { early: _early, ...cut } = passThrough(dialect, { request, reply, cuts })
        const { early: _whole, ...uncut } = whole
        expect(cut).toEqual(uncut)
      }),
      { numRuns: 60 },
    )
  })

  test('a reply that is cut off is not complete', async () => {
    const reply = await replyTo(dialect, request)
    const half = reply.subarray(0, Math.floor(reply.length / 2))
    expect(passThrough(dialect, { request, reply: half, cuts: [] }).isComplete).toBe(false)
  })
})
