import { sseData, sseEventEnd } from '../../../lib/index.ts'
import type { CostReport, Delivered, Meter } from '../../canonical/meter.ts'
import type { AskedRequest } from '../../canonical/request.ts'
import type { Usage } from '../../canonical/usage.ts'
import { isObject, type JsonObject, parseJson } from '../body.ts'
import { errorText } from '../error-text.ts'
import { estimatedUsage, pricedUsage, readOpenAiUsage } from '../usage.ts'
import { ContentCounter, memberWithComma, valueAfterKey } from './content-counter.ts'
import { Needle } from './needle.ts'
import { Outgoing } from './outgoing.ts'

const NOTHING = Buffer.alloc(0)
/** No event of a real answer comes near; more is kept for nobody. */
const LARGEST_EVENT = 16 * 1024 * 1024
const SSE_LINE = /^(?:data|event|id|retry)?:|^(?:data|event|id|retry)?[\r\n]/

/**
 * Watches a stream of chat completion chunks. Events pass as they came; only those that can carry usage or an error are
 * parsed. Kept back until the money is settled: the usage chunk and `[DONE]`.
 */
export class ChatStreamMeter implements Meter {
  readonly #asked: AskedRequest
  readonly #content = new ContentCounter()
  readonly #delta = new Needle('"delta"')
  readonly #usage = new Needle('"usage"')
  readonly #error = new Needle('"error"')
  readonly #finish = new Needle('"finish_reason"')
  #pending: Buffer = NOTHING
  #tail: Buffer = NOTHING
  #first: JsonObject | undefined
  #usageChunk: JsonObject | undefined
  #reported: JsonObject | undefined
  #failure: string | undefined
  #sawDone = false
  #finishes = 0

  constructor(asked: AskedRequest) {
    this.#asked = asked
  }

  push(chunk: Buffer): Buffer {
    if (this.#hasStopped()) return NOTHING
    const data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk
    const text = data.toString('latin1')
    const hasCr = text.includes('\r')
    for (const needle of [this.#delta, this.#usage, this.#error, this.#finish]) needle.reset()
    const out = new Outgoing(data)
    let from = 0
    let to = sseEventEnd(text, from, hasCr)
    while (to >= 0 && !this.#hasStopped()) {
      this.#takeEvent({ data, text, from, to }, out)
      from = to
      to = sseEventEnd(text, from, hasCr)
    }
    // A copy, so that a few bytes do not hold on to the socket's whole buffer.
    this.#pending = from < data.length ? Buffer.from(data.subarray(from)) : NOTHING
    if (this.#pending.length > LARGEST_EVENT) this.#failure = 'garbage: an event without end'
    return out.take()
  }

  /** An event that lacks only its empty line is taken as whole; one that breaks off inside its data is lost, as SSE has it. */
  end(): void {
    const rest = this.#pending.toString().replace(/[\r\n]+$/, '')
    const data = sseData(rest)
    if (data !== undefined && (data === '[DONE]' || parseJson(data) !== undefined)) {
      this.#pending = NOTHING
      this.#tail = this.push(Buffer.from(`${rest}\n\n`))
    }
    if (this.#first === undefined && !this.#sawDone) this.#failure ??= 'garbage: no event in the stream'
  }

  delivered(): Delivered {
    return { outputEstimate: this.#content.estimate(), hasContent: this.#content.hasContent() }
  }

  usage(): Usage | undefined {
    return this.#reported && readOpenAiUsage(this.#reported, true)
  }

  isComplete(): boolean {
    return this.#failure === undefined && (this.#sawDone || this.#finishes >= this.#asked.choices)
  }

  failure(): string | undefined {
    return this.#failure
  }

  finish(cost: CostReport | undefined): Buffer {
    const pieces = [this.#tail]
    const chunk = this.#lastChunk(cost)
    if (chunk) pieces.push(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))
    if (this.isComplete()) pieces.push(Buffer.from('data: [DONE]\n\n'))
    return Buffer.concat(pieces)
  }

  #hasStopped(): boolean {
    return this.#sawDone || this.#failure !== undefined
  }

  #takeEvent(event: Event, out: Outgoing): void {
    const { text, from, to } = event
    const isPlain = text.startsWith('data: {', from)
    if (!isPlain && !this.#takesOddEvent(event)) return
    if (this.#first === undefined) this.#rememberFirst(event)
    const errorAt = this.#error.find(text, from, to)
    if (errorAt >= 0 && this.#hasFailed(event)) return
    const usageAt = this.#usage.find(text, from, to)
    this.#count(event)
    if (usageAt < 0) out.pass(from, to)
    else this.#takeUsage(event, usageAt, out)
  }

  /** Looks at an event that is not one line of JSON; false when it does not pass. */
  #takesOddEvent({ data, from, to }: Event): boolean {
    const event = data.toString('utf8', from, to)
    const payload = sseData(event)
    if (payload === '[DONE]') this.#sawDone = true
    else if (!SSE_LINE.test(event)) this.#failure = 'garbage: not an event stream'
    else if (/^event: ?error\b/m.test(event)) this.#failure = errorText(parseJson(payload ?? '') ?? payload)
    return !this.#hasStopped()
  }

  #rememberFirst(event: Event): void {
    const chunk = payloadOf(event)
    if (chunk) this.#first = { id: chunk['id'], created: chunk['created'], model: chunk['model'] }
  }

  #hasFailed(event: Event): boolean {
    const error = payloadOf(event)?.['error'] ?? undefined
    if (error !== undefined) this.#failure = errorText(error)
    return error !== undefined
  }

  #count({ text, from, to }: Event): void {
    for (let at = this.#delta.find(text, from, to); at >= 0;) {
      const value = valueAfterKey(text, at + '"delta"'.length)
      const isDelta = value >= 0 && text[value] === '{'
      const next = isDelta ? this.#content.countObject(text, value, to) : at + 1
      at = this.#delta.find(text, next, to)
    }
    for (let at = this.#finish.find(text, from, to); at >= 0; at = this.#finish.find(text, at + 1, to)) {
      if (text[valueAfterKey(text, at + '"finish_reason"'.length)] === '"') this.#finishes += 1
    }
  }

  #takeUsage(event: Event, at: number, out: Outgoing): void {
    const { text, from, to } = event
    const value = valueAfterKey(text, at + '"usage"'.length)
    if (value < 0) return out.pass(from, to)
    const isNull = text.startsWith('null', value) && this.#usage.find(text, value, to) < 0
    if (isNull && this.#asked.wantsUsage) return out.pass(from, to)
    // A null stands there only because the usage was asked for on the node's own account.
    const cut = isNull ? memberWithComma(text, at, value + 'null'.length) : undefined
    if (!cut) return this.#takeReported(event, out)
    out.pass(from, cut[0])
    return out.pass(cut[1], to)
  }

  #takeReported(event: Event, out: Outgoing): void {
    const { from, to } = event
    const chunk = payloadOf(event)
    if (!chunk || !('usage' in chunk)) return out.pass(from, to)
    const { usage, ...rest } = chunk
    if (isObject(usage)) {
      this.#reported = usage
      const choices = chunk['choices'] ?? []
      if (Array.isArray(choices) && choices.length === 0) {
        this.#usageChunk = chunk
        return undefined
      }
    }
    if (this.#asked.wantsUsage) return out.pass(from, to)
    return out.add(Buffer.from(`data: ${JSON.stringify(rest)}\n\n`))
  }

  /** The chunk with the usage and the cost, for who asked for it or gets his change in it. */
  #lastChunk(cost: CostReport | undefined): JsonObject | undefined {
    const payment = cost?.payment
    if (!payment && !this.#asked.wantsUsage) return undefined
    const usage = this.#shownUsage(cost)
    return (
      usage && {
        object: 'chat.completion.chunk',
        ...(this.#usageChunk ?? this.#first),
        choices: [],
        usage,
        ...(payment && { farebox: { payment_id: payment.id, change: payment.change ?? null } }),
      }
    )
  }

  /** What was charged by: the upstream's report, or the estimate where that was charged. */
  #shownUsage(cost: CostReport | undefined): JsonObject | undefined {
    const reported = this.usage() && this.#reported
    if (!cost) return reported
    if (reported && !cost.estimated) return pricedUsage(reported, cost)
    return pricedUsage(estimatedUsage(this.#asked.inputEstimate, this.#content.estimate()), cost)
  }
}

/** One event in a piece of the stream, which is there as bytes and as latin1. */
interface Event {
  readonly data: Buffer
  readonly text: string
  readonly from: number
  readonly to: number
}

function payloadOf({ data, from, to }: Event): JsonObject | undefined {
  const payload = sseData(data.toString('utf8', from, to))
  const value = payload === undefined ? undefined : parseJson(payload)
  return isObject(value) ? value : undefined
}
