import type { Usage } from './usage.ts'

/** How far a reply got, counted while it passes. */
export interface Delivered {
  /** Estimate of the output tokens in what has passed: ⌈ASCII characters / 4⌉ + other characters. */
  readonly outputEstimate: number
  /** Whether any content (text, tool arguments, reasoning, an embedding) has passed. */
  readonly hasContent: boolean
}

/**
 * Watches one reply pass, in pieces of any size. Synchronous and cheap: it sits on the hot path.
 * A stream's meter hands on what may pass at once and keeps back what must wait for the settlement.
 */
export interface Meter {
  /** Takes bytes of the upstream; returns those that may go to the caller now (may be empty). */
  push(chunk: Buffer): Buffer
  /** The upstream has ended (or was cut). Nothing more may be pushed. */
  end(): void
  delivered(): Delivered
  /** Usage as the upstream reported it, made disjoint; undefined when it said nothing usable (absent, null, malformed). */
  usage(): Usage | undefined
  /** Whether the reply ended as its dialect ends replies (`[DONE]` or a finish reason; for a whole reply: a complete JSON object). */
  isComplete(): boolean
  /** An error that the upstream reported inside a 200 reply, as text for the log; the reply then counts as failed. */
  failure(): string | undefined
  /** The bytes kept back, with the cost written in where the caller is to see it. Called once, after `end`. */
  finish(cost: CostReport | undefined): Buffer
}

/** The cost of a call as a reply states it. */
export interface CostReport {
  readonly totalMsats: bigint
  readonly inputMsats: bigint
  readonly outputMsats: bigint
  readonly totalUsd: number
  /** Wallet balance after the call; undefined for one-shot payers. */
  readonly remainingMsats: bigint | undefined
  readonly estimated: boolean
  /** Present when the caller gets his change in the stream itself. */
  readonly payment?: { readonly id: string; readonly change: string | undefined }
}
