import type { Id, LogLine } from '../../lib/index.ts'
import type { Ending, Tally } from '../../proxy/index.ts'

/** Models that are counted by name; what is called beyond them counts as one. */
const MODELS_MAX = 500
const OTHER = 'other'

/** What was counted of the calls to one model in one dialect. */
export interface ModelCounts {
  readonly dialect: string
  readonly model: string
  readonly ended: Record<Ending, number>
  estimated: number
  revenueMsat: number
  upstreamPicoUsd: number
}

interface RefusalCounts {
  readonly dialect: string
  readonly code: string
  count: number
}

type Closed = Parameters<Tally['closed']>[1]

/**
 * Counts calls in plain numbers, which costs the paid path next to nothing; the metrics read them when they are asked for.
 * A model is named as the catalogue does, never as a request does.
 */
export class CallTally {
  readonly #log: LogLine
  readonly #logsCalls: boolean
  /** By dialect and by name in the catalogue, for names that are counted by themselves. */
  readonly #byName = new Map<string, Map<string, ModelCounts>>()
  readonly #models = new Map<string, ModelCounts>()
  readonly #refusals = new Map<string, RefusalCounts>()
  readonly #dialects = new Map<string, Tally>()
  readonly #names = new Set<string>()

  constructor(log: LogLine) {
    this.#log = log
    this.#logsCalls = log.skips?.('call_closed') !== true
  }

  /** What counts the calls of one dialect. */
  of(dialect: string): Tally {
    const known = this.#dialects.get(dialect)
    if (known) return known
    const byName = new Map<string, ModelCounts>()
    this.#byName.set(dialect, byName)
    const tally: Tally = {
      closed: (callId, end) => {
        count(byName.get(end.what) ?? this.#begin(dialect, end.what), end)
        if (this.#logsCalls) this.#tell({ dialect, callId }, end)
      },
    }
    this.#dialects.set(dialect, tally)
    return tally
  }

  /** A call that was answered with an error. `code` is one of the closed list. */
  refused(dialect: string, code: string): void {
    const key = `${dialect} ${code}`
    const counts = this.#refusals.get(key)
    if (counts) counts.count += 1
    else this.#refusals.set(key, { dialect, code, count: 1 })
  }

  models(): Iterable<ModelCounts> {
    return this.#models.values()
  }

  refusals(): Iterable<RefusalCounts> {
    return this.#refusals.values()
  }

  #tell(
    { dialect, callId }: { dialect: string; callId: Id<'call'> },
    { what, ending, charge }: Closed,
  ): void {
    this.#log('call_closed', {
      callId,
      dialect,
      model: what,
      outcome: ending,
      chargeMsat: Number(charge.msat),
    })
  }

  #begin(dialect: string, what: string): ModelCounts {
    if (this.#names.size < MODELS_MAX) this.#names.add(what)
    const model = this.#names.has(what) ? what : OTHER
    const key = `${dialect} ${model}`
    const counts = this.#models.get(key) ?? {
      dialect,
      model,
      ended: { complete: 0, cut: 0, left: 0, failed: 0 },
      estimated: 0,
      revenueMsat: 0,
      upstreamPicoUsd: 0,
    }
    this.#models.set(key, counts)
    if (this.#names.has(what)) this.#byName.get(dialect)?.set(what, counts)
    return counts
  }
}

function count(counts: ModelCounts, { ending, charge }: Closed): void {
  counts.ended[ending] += 1
  if (charge.estimated) counts.estimated += 1
  counts.revenueMsat += Number(charge.msat)
  counts.upstreamPicoUsd += Number(charge.upstreamPicoUsd)
}
