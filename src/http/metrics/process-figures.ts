import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 20
const NS = 1e9

/** How long the event loop kept its timers waiting since the last look, in seconds. */
interface Lag {
  readonly mean: number
  readonly p99: number
  readonly max: number
}

/**
 * Looks at the process itself. The lag is sampled all the time (one timer in 20 ms), so that a stall is seen whenever
 * it was; everything else is read when somebody asks. Garbage collections are not watched: that costs the paid path.
 */
export class ProcessFigures {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #lag: Lag = { mean: 0, p99: 0, max: 0 }

  constructor() {
    this.#delay.enable()
  }

  /** Ends the look since the last one; to be called once for each reading of the metrics. */
  look(): void {
    const delay = this.#delay
    if (delay.count > 0) {
      this.#lag = { mean: over(delay.mean), p99: over(delay.percentile(99)), max: over(delay.max) }
    }
    delay.reset()
  }

  get lag(): Lag {
    return this.#lag
  }

  /** Undefined where the system has no such list. */
  openFiles(): number | undefined {
    try {
      return readdirSync('/proc/self/fd').length
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#delay.disable()
  }
}

/** What a timer waited beyond its own interval. */
function over(ns: number): number {
  return Math.max(0, ns / NS - RESOLUTION_MS / 1000)
}
