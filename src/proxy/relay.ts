import type { Reply, ReplyHeaders } from './visit.ts'

/** A whole reply that is kept until it is paid for may not be larger than this. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024

/**
 * Carries a reply to the caller. Live: pieces leave as they come, all but the tail. Kept: everything waits for the
 * settlement, because cost and change travel in the head.
 */
export class Relay {
  readonly isLive: boolean
  readonly #reply: Reply
  readonly #fixedHeaders: ReplyHeaders
  #head: { status: number; headers: ReplyHeaders } | undefined
  #kept: Buffer[] = []
  #keptBytes = 0
  #hasLeft = false

  constructor(reply: Reply, options: { isLive: boolean; headers: ReplyHeaders }) {
    this.#reply = reply
    this.isLive = options.isLive
    this.#fixedHeaders = options.headers
  }

  /** Whether anything has left for the caller. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  isGone(): boolean {
    return this.#reply.isGone()
  }

  onGone(listener: () => void): void {
    this.#reply.onGone(listener)
  }

  onDrain(listener: () => void): void {
    this.#reply.onDrain(listener)
  }

  /**
   * The head of the reply. A live one leaves with the first piece, so that until then another supplier may serve; what the
   * one before him said of a kept reply is forgotten.
   */
  begin(status: number, headers: ReplyHeaders): void {
    this.#head = { status, headers }
    this.#kept = []
    this.#keptBytes = 0
  }

  /** A piece that may leave. False asks to wait for `onDrain`, or, for a kept reply that grew too large, to stop. */
  pass(chunk: Buffer): boolean {
    if (chunk.length === 0) return true
    if (!this.isLive) {
      this.#keptBytes += chunk.length
      if (this.#keptBytes > KEPT_BYTES_MAX) return false
      this.#kept.push(chunk)
      return true
    }
    this.#sendHead({})
    return this.#reply.write(chunk)
  }

  /** Ends the reply after the settlement: the head of a kept one with its last headers, then the bytes kept back. */
  finish(headers: ReplyHeaders, tail: Buffer): Promise<void> | undefined {
    // A kept one is ended for a caller who left, too: somebody may be keeping it for him.
    if (this.isLive && this.#reply.isGone()) return undefined
    const body = this.#kept.length === 0 ? tail : Buffer.concat([...this.#kept, tail])
    this.#kept = []
    this.#sendHead(headers, this.isLive ? undefined : body.length)
    return this.#reply.end(body)
  }

  /** Breaks off a reply that cannot be ended truthfully. */
  cut(): void {
    this.#reply.cut()
  }

  #sendHead(last: ReplyHeaders, length?: number): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    const headers: Record<string, ReplyHeaders[string]> = {}
    Object.assign(headers, this.#head?.headers, this.#fixedHeaders, last)
    if (length !== undefined) headers['content-length'] = String(length)
    this.#reply.head(this.#head?.status ?? 200, headers)
  }
}
