import { performance } from 'node:perf_hooks'
import type { Dispatcher } from 'undici'
import type { Watched } from './deadlines.ts'
import { messageOf, reasonOf } from './failure.ts'
import { allowedHeaders, announcedLength, foreignEncoding, isEventStream, retryAfterOf } from './headers.ts'
import type { FailureReason, SendOutcome, UpstreamControl, UpstreamSink } from './types.ts'

/** A whole reply longer than this is hung up on; streams are bounded by the limit that was sent up and by time. */
const WHOLE_REPLY_BYTES = 64 * 1024 * 1024

export interface AttemptLimits {
  firstByteMs: number
  idleMs: number
  totalMs: number
  wholeBytes?: number
}

type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * One exchange with one upstream: undici's handler on the one side, a sink on the other. It ends exactly once, by
 * `done`; whatever undici says after that (the error of our own abort among it) is ignored.
 */
export class Attempt implements Dispatcher.DispatchHandler, UpstreamControl, Watched {
  readonly #sink: UpstreamSink
  readonly #limits: AttemptLimits
  readonly #done: (outcome: SendOutcome) => void
  /** Belongs to `Deadlines`. */
  slot = -1
  readonly #startedAt = performance.now()
  #controller: Dispatcher.DispatchController | undefined
  #ended = false
  #began = false
  #paused = false
  /** Bytes of the body that may still come. */
  #bytesLeft = Infinity
  #heard = false
  #status: number | undefined
  #retryAfter: string | undefined
  #isOurs = false
  /** When the last piece was noticed; undefined before the first. */
  #lastAt: number | undefined

  constructor(sink: UpstreamSink, limits: AttemptLimits, done: (outcome: SendOutcome) => void) {
    this.#sink = sink
    this.#limits = limits
    this.#done = done
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The status that came, where one came. */
  get status(): number | undefined {
    return this.#status
  }

  /** Whether our side ended it, or may have. */
  get isOurs(): boolean {
    return this.#isOurs
  }

  get retryAfter(): string | undefined {
    return this.#retryAfter
  }

  pause(): void {
    if (this.#ended) return
    this.#paused = true
    this.#controller?.pause()
  }

  resume(): void {
    if (this.#ended || !this.#paused) return
    this.#paused = false
    this.#heard = true
    this.#controller?.resume()
  }

  abort(): void {
    if (!this.#ended) this.#isOurs = true
    // Before a connection stood, the upstream has seen nothing of the call.
    this.fail(this.#controller ? 'aborted' : 'unreachable', 'our side hung up')
  }

  /** Ends the call and, where one stands, its connection. */
  fail(reason: FailureReason, message: string): void {
    if (this.#ended) return
    this.#end({ kind: 'failed', began: this.#began, reason, message })
    this.#controller?.abort(new Error(message))
  }

  check(now: number): void {
    if (this.#heard) {
      this.#heard = false
      this.#lastAt = now
    }
    const { totalMs, firstByteMs, idleMs } = this.#limits
    if (now - this.#startedAt > totalMs) {
      // It may be its reader who was slow.
      this.#isOurs = true
      this.fail('timeout', `not done after ${totalMs} ms`)
    } else if (this.#paused && this.#began) return
    else if (this.#lastAt !== undefined) {
      if (now - this.#lastAt > idleMs) this.fail('timeout', `silent for ${idleMs} ms`)
    } else if (now - this.#startedAt > firstByteMs) {
      this.fail('timeout', `no first byte after ${firstByteMs} ms`)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended) controller.abort(new Error('ended before it was sent'))
    else if (this.#paused) controller.pause()
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: ReplyHeaders): void {
    if (this.#ended || status < 200) return
    this.#status = status
    if (status === 429) this.#retryAfter = retryAfterOf(headers)
    const isStream = isEventStream(headers)
    const encoding = foreignEncoding(headers)
    if (encoding !== undefined)
      return this.fail('encoding', `the body is ${encoding.slice(0, 40)}, not plain`)
    if (!isStream) this.#bytesLeft = this.#limits.wholeBytes ?? WHOLE_REPLY_BYTES
    if (announcedLength(headers) > this.#bytesLeft) return this.#tooLong()
    this.#began = true
    try {
      this.#sink.head({ status, headers: allowedHeaders(headers), isStream })
    } catch (error) {
      this.fail('aborted', messageOf(error))
    }
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return
    this.#heard = true
    this.#bytesLeft -= chunk.length
    if (this.#bytesLeft < 0) return this.#tooLong()
    try {
      this.#sink.piece(chunk)
    } catch (error) {
      this.fail('aborted', messageOf(error))
    }
  }

  onResponseEnd(): void {
    this.#end({ kind: 'ended' })
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    const reason = reasonOf(error, this.#controller !== undefined)
    this.#end({ kind: 'failed', began: this.#began, reason, message: messageOf(error) })
  }

  #tooLong(): void {
    this.fail('garbage', 'the whole reply is longer than we take')
  }

  #end(outcome: SendOutcome): void {
    if (this.#ended) return
    this.#ended = true
    this.#done(outcome)
  }
}
