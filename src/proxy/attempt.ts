import type { Offer, Route } from '../catalog/index.ts'
import type { AskedRequest, CostReport, Delivered, Dialect, Meter, Usage } from '../dialects/index.ts'
import type { DomainError } from '../lib/index.ts'
import { failpoint } from '../lib/index.ts'
import {
  classifyStatus,
  type ReplyHead,
  type SendOutcome,
  type UpstreamCall,
  type UpstreamControl,
  type UpstreamSink,
} from '../upstreams/index.ts'
import type { ModelReading } from './charge.ts'
import {
  overLimit,
  streamCut,
  upstreamRateLimit,
  upstreamRejected,
  upstreamTimeout,
  upstreamUnavailable,
} from './problems.ts'
import { readRefusal, retryAfterSeconds } from './refusal.ts'
import type { Relay } from './relay.ts'
import type { Ending, Reading } from './sale.ts'

export interface ForwardedReading extends Reading, ModelReading {}

export interface Forward {
  readonly dialect: Dialect
  readonly asked: AskedRequest
  readonly routes: Offer['routes']
  readonly outputLimit: number | undefined
  /** The bytes that go up on a route: by the upstream's name of the model and its quirks. */
  readonly write: (route: Route) => Buffer
  /** What an upstream said, without the operator's key. */
  readonly withoutKey: (upstreamId: string, text: string) => string
  readonly relay: Relay
}

type AttemptEnd =
  | { readonly kind: 'reading'; readonly reading: ForwardedReading }
  | { readonly kind: 'problem'; readonly problem: DomainError; readonly mayTryAnother: boolean }

const REFUSAL_BYTES_MAX = 64 * 1024
const NOTHING: Delivered = { outputEstimate: 0, hasContent: false }
const WHOLE_HEADERS = { 'content-type': 'application/json' }
const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

/** One try at one upstream: counts what passes, and says at the end how far it got. */
export class Attempt implements UpstreamSink {
  readonly #forward: Forward
  readonly #route: Route
  #control: UpstreamControl | undefined
  #head: ReplyHead | undefined
  #meter: Meter | undefined
  #refusal: Buffer[] = []
  #refusalBytes = 0
  #isOverLimit = false
  #isTooLarge = false

  constructor(forward: Forward, route: Route) {
    this.#forward = forward
    this.#route = route
  }

  call(): UpstreamCall {
    const { dialect, asked, write } = this.#forward
    const { upstreamId, upstreamModel: model } = this.#route
    return { upstreamId, path: dialect.upstreamPath, model, body: write(this.#route), stream: asked.stream }
  }

  start(control: UpstreamControl): void {
    this.#control = control
    const { relay } = this.#forward
    // A whole reply is finished for a caller who left: else every answer could be had for nothing.
    if (!relay.isLive) return
    relay.onGone(() => control.abort())
    relay.onDrain(() => control.resume())
  }

  head(head: ReplyHead): void {
    this.#head = head
    if (classifyStatus(head.status) !== 'ok') return
    failpoint('call.upstream-answered')
    this.#meter = this.#forward.dialect.meter(this.#forward.asked, head.isStream)
    this.#forward.relay.begin(200, head.isStream ? STREAM_HEADERS : WHOLE_HEADERS)
  }

  piece(chunk: Buffer): void {
    if (!this.#meter) return this.#keepRefusal(chunk)
    if (this.#isOverLimit || this.#isTooLarge) return
    const { relay } = this.#forward
    const mayGoOn = relay.pass(this.#meter.push(chunk))
    if (relay.hasLeft) failpoint('call.first-byte')
    if (this.#head?.isStream && this.#hasPassedLimit()) {
      this.#isOverLimit = true
      this.#control?.abort()
    } else if (!mayGoOn) this.#holdBack()
  }

  delivered(): Delivered {
    return this.#meter?.delivered() ?? NOTHING
  }

  end(outcome: SendOutcome): AttemptEnd {
    const head = this.#head
    if (!head || !this.#meter) return head ? this.#refused(head) : this.#unanswered(outcome)
    this.#meter.end()
    return this.#served(this.#meter, outcome)
  }

  #served(meter: Meter, outcome: SendOutcome): AttemptEnd {
    const { relay } = this.#forward
    if (relay.isLive && relay.isGone()) return this.#reading('left', undefined)
    if (this.#isDone(meter, outcome)) return this.#reading('complete', undefined)
    if (this.#isOverLimit) return this.#reading('cut', overLimit())
    if (relay.hasLeft) return this.#reading('cut', streamCut())
    return { kind: 'problem', problem: faultOf(outcome), mayTryAnother: true }
  }

  /**
   * Whether the answer is all there. A stream that broke off after its usage has told all that it will; one that broke off
   * between its last finish reason and its usage has delivered everything, if it was delivered at all.
   */
  #isDone(meter: Meter, outcome: SendOutcome): boolean {
    if (!meter.isComplete() || meter.failure() !== undefined || this.#isTooLarge) return false
    return outcome.kind === 'ended' || meter.usage() !== undefined || this.#forward.relay.isLive
  }

  #refused(head: ReplyHead): AttemptEnd {
    const kind = classifyStatus(head.status)
    if (kind === 'callers') {
      const said = readRefusal(Buffer.concat(this.#refusal))
      const shown = this.#forward.withoutKey(this.#route.upstreamId, said)
      const problem = upstreamRejected(head.status, shown)
      return { kind: 'problem', problem, mayTryAnother: false }
    }
    const problem =
      kind === 'rate_limited'
        ? upstreamRateLimit(retryAfterSeconds(head.headers['retry-after']))
        : upstreamUnavailable({ upstream_status: head.status })
    return { kind: 'problem', problem, mayTryAnother: true }
  }

  #unanswered(outcome: SendOutcome): AttemptEnd {
    const { relay } = this.#forward
    // The request went up and its caller hung up: what the upstream made of it is owed.
    const wentUp = outcome.kind === 'ended' || outcome.reason !== 'unreachable'
    if (wentUp && relay.isLive && relay.isGone()) return this.#reading('left', undefined)
    return { kind: 'problem', problem: faultOf(outcome), mayTryAnother: true }
  }

  #reading(ending: Ending, problem: DomainError | undefined): AttemptEnd {
    const wasLive = this.#forward.relay.isLive
    const reading = new AttemptReading({ ending, problem, wasLive, route: this.#route }, this.#meter)
    return { kind: 'reading', reading }
  }

  /**
   * Whether a stream has clearly gone past the limit it was given. The estimate may be twice the truth for scripts and
   * long words, so an honest stream is never cut; what is charged is held to the limit itself in any case.
   */
  #hasPassedLimit(): boolean {
    const { outputLimit, asked } = this.#forward
    if (outputLimit === undefined || !this.#meter) return false
    return this.#meter.delivered().outputEstimate > 2 * outputLimit * asked.choices + 64
  }

  #holdBack(): void {
    if (this.#forward.relay.isLive) return this.#control?.pause()
    this.#isTooLarge = true
    this.#control?.abort()
  }

  #keepRefusal(chunk: Buffer): void {
    if (this.#refusalBytes > REFUSAL_BYTES_MAX) return
    this.#refusalBytes += chunk.length
    this.#refusal.push(chunk)
  }
}

class AttemptReading implements ForwardedReading {
  readonly ending: Ending
  readonly problem: DomainError | undefined
  readonly wasLive: boolean
  readonly route: Route
  readonly #meter: Meter | undefined

  constructor(
    facts: Pick<ForwardedReading, 'ending' | 'problem' | 'wasLive'> & { route: Route },
    meter: Meter | undefined,
  ) {
    this.ending = facts.ending
    this.problem = facts.problem
    this.wasLive = facts.wasLive
    this.route = facts.route
    this.#meter = meter
  }

  get reported(): Usage | undefined {
    return this.#meter?.usage()
  }

  get delivered(): Delivered {
    return this.#meter?.delivered() ?? NOTHING
  }

  tail(report: CostReport | undefined): Buffer {
    return this.#meter?.finish(report) ?? Buffer.alloc(0)
  }
}

function faultOf(outcome: SendOutcome): DomainError {
  if (outcome.kind === 'failed' && outcome.reason === 'timeout') return upstreamTimeout({})
  return upstreamUnavailable({})
}
