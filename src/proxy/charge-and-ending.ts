import { type Msat, ZERO } from '../money/index.ts'

/**
 * How a reply ended. `complete`: as it should. `cut`: the supplier broke off. `left`: the caller hung up on a stream.
 * `failed`: there is no reply to show; `problem` says why.
 */
export type Ending = 'complete' | 'cut' | 'left' | 'failed'

/** What is owed for a reading. */
export interface Charge {
  readonly msat: Msat
  readonly inputMsat: Msat
  readonly outputMsat: Msat
  readonly usd: number
  readonly estimated: boolean
  /** What it costs the node at its upstream. */
  readonly upstreamPicoUsd: bigint
  /** The usage record, as JSON. */
  readonly record: string
}

/** Nothing is owed; `record` says why. */
export function nothingOwed(record: string): Charge {
  return {
    msat: ZERO,
    inputMsat: ZERO,
    outputMsat: ZERO,
    usd: 0,
    estimated: false,
    upstreamPicoUsd: 0n,
    record,
  }
}
