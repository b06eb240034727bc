import { performance } from 'node:perf_hooks'
import { openaiChat, type Usage } from '../dialects/index.ts'
import type { Quirks } from './providers/index.ts'
import type { SendOutcome, UpstreamCall, UpstreamSink } from './types.ts'

/** What came of one small call, as an operator reads it. */
export interface TestCall {
  readonly model: string
  /** Of the upstream's answer; 0 where none came. */
  readonly status: number
  readonly ms: number
  readonly usage: Usage | undefined
  /** What went wrong and what to do about it; undefined when it went well. Holds no secret. */
  readonly problem: { readonly sentence: string; readonly cure: string } | undefined
  /** The same in one text. */
  readonly message: string | undefined
}

interface TestOrder {
  readonly upstreamId: string
  readonly model: string
  readonly quirks: Quirks
  /** The real way to the upstream. */
  readonly send: (call: UpstreamCall, sink: UpstreamSink) => Promise<SendOutcome>
  readonly withoutKey: (text: string) => string
}

/** Models that think need some room before they answer at all, and refuse a limit below it with 400. */
const LIMITS = [1, 64]
const SAID_MOST = 300

/** Asks a model for one token, by the way of every paid call. */
export async function askOneToken(order: TestOrder): Promise<TestCall> {
  const began = performance.now()
  let last = await askOnce(order, LIMITS[0] ?? 1)
  for (const limit of LIMITS.slice(1)) if (last.status === 400) last = await askOnce(order, limit)
  const { status, outcome, body } = last
  const usage = usageIn(order.model, body)
  const ms = Math.round(performance.now() - began)
  const problem = problemOf(last, { said: order.withoutKey(saidIn(body)), hasUsage: usage !== undefined })
  return {
    model: order.model,
    status: outcome.kind === 'failed' ? 0 : (status ?? 0),
    ms,
    usage,
    problem,
    message: problem && `${problem.sentence} ${problem.cure}`,
  }
}

interface Answer {
  readonly status: number | undefined
  readonly outcome: SendOutcome
  readonly body: Buffer
}

function bodyOf(model: string): Buffer {
  return Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }))
}

async function askOnce({ upstreamId, model, quirks, send }: TestOrder, limit: number): Promise<Answer> {
  const asked = bodyOf(model)
  const body = openaiChat.writeRequest(asked, openaiChat.readRequest(asked), {
    model,
    outputLimit: limit,
    ...quirks,
  })
  const pieces: Buffer[] = []
  let status: number | undefined
  const outcome = await send(
    { upstreamId, path: openaiChat.upstreamPath, model, body, stream: false },
    { head: (head) => (status = head.status), piece: (piece) => pieces.push(piece) },
  )
  return { status, outcome, body: Buffer.concat(pieces) }
}

function usageIn(model: string, body: Buffer): Usage | undefined {
  const meter = openaiChat.meter(openaiChat.readRequest(bodyOf(model)), false)
  meter.push(body)
  meter.end()
  return meter.isComplete() && meter.failure() === undefined ? meter.usage() : undefined
}

function saidIn(body: Buffer): string {
  return body.toString('utf8').replaceAll(/\s+/g, ' ').trim().slice(0, SAID_MOST)
}

function problemOf(
  { status, outcome }: Answer,
  { said, hasUsage }: { said: string; hasUsage: boolean },
): TestCall['problem'] {
  if (outcome.kind === 'failed') {
    const cure =
      outcome.reason === 'timeout'
        ? 'Try again; if it stays so, the upstream is overloaded or the model is being loaded.'
        : 'Check its address, and that this machine may reach it.'
    return { sentence: `No answer: ${outcome.reason}, ${outcome.message}.`, cure }
  }
  if (status === 200) return hasUsage ? undefined : NO_USAGE
  const known = KNOWN.get(status ?? 0)
  if (known) return known
  if (status === 400 || status === 422) {
    return {
      sentence: `The upstream refuses the request: ${said}`,
      cure: 'Check that the model answers chats and that the type of the upstream is right.',
    }
  }
  return {
    sentence: `The upstream answered ${status}.`,
    cure: 'Look at its status page, and try again later.',
  }
}

type Problem = NonNullable<TestCall['problem']>

const NO_USAGE: Problem = {
  sentence: 'The upstream answered, but not with a chat completion that tells its usage.',
  cure: 'Check its address: it should end in /v1 or what its documentation names. Calls would be charged by estimates.',
}

const REFUSED: Problem = {
  sentence: 'The upstream refuses the key.',
  cure: 'Check the key in its console; it may be mistyped, revoked, or not allowed to use this model.',
}

const KNOWN: ReadonlyMap<number, Problem> = new Map([
  [401, REFUSED],
  [403, REFUSED],
  [402, { sentence: 'The upstream wants money.', cure: 'Top up the account there.' }],
  [
    404,
    {
      sentence: 'The upstream does not know the model, or has no chat completions at this address.',
      cure: 'Check the address (its path too) and the name of the model.',
    },
  ],
  [
    429,
    {
      sentence: 'The upstream asks us to slow down, or the quota of the account is used up.',
      cure: 'Wait a little; if it stays so, raise the limit or top up the account there.',
    },
  ],
])
