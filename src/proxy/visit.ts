import type { Credentials } from '../access/index.ts'
import type { Hold } from '../ledger/index.ts'
import type { Id } from '../lib/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Charge, Ending } from './charge-and-ending.ts'

export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>

/** The caller's end of a reply. Bytes leave in the order they are given. */
export interface Reply {
  head(status: number, headers: ReplyHeaders): void
  /** False when the caller reads slower than we write; `onDrain` says when to go on. */
  write(chunk: Buffer): boolean
  onDrain(listener: () => void): void
  /** A promise where the bytes do not leave at once, for when they have. */
  end(chunk: Buffer): Promise<void> | undefined
  /** Breaks the connection, where an end would look like a whole reply. */
  cut(): void
  isGone(): boolean
  onGone(listener: () => void): void
}

/** Counts calls; told of each one when its settlement is on disk and its answer has not left, so it may not throw. */
export interface Tally {
  closed(callId: Id<'call'>, end: { what: string; ending: Ending; charge: Charge }): void
}

/** One request on its way through the node. */
export interface Visit {
  readonly callId: Id<'call'>
  readonly credentials: Credentials
  /** `X-Farebox-Clamp: no` refuses a call that cannot be held in full. */
  readonly mayClamp: boolean
  /** `X-Cashu-Change: later`: a one-shot payer who wants a live stream and fetches his change afterwards. */
  readonly wantsChangeLater: boolean
  readonly reply: Reply
  readonly tally?: Tally | undefined
  /** Joins the transaction of the hold: the call is known by its idempotency key from then on. */
  readonly held?: (tx: Tx, hold: Hold) => Promise<void>
}
