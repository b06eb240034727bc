import type { NodeRooms } from '../node.ts'
import type { CallTally } from './call-tally.ts'
import type { DoorFigures } from './door-figures.ts'
import type { PositionCache } from './position-cache.ts'
import type { ProcessFigures } from './process-figures.ts'

/** What the metrics are read from. */
export interface MetricSources {
  readonly rooms: NodeRooms
  readonly tally: CallTally
  readonly door: DoorFigures
  readonly position: PositionCache
  readonly process: ProcessFigures
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** One metric as the reference shows it, and how it is read when somebody asks. */
export interface Metric {
  /** Prometheus' name: base units, `_total` for what only grows. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** Names of its labels. None of them ever names a caller. */
  readonly labels: readonly string[]
  read(sources: MetricSources): Iterable<Sample> | Promise<Iterable<Sample>>
}

/** A metric of one number. */
export function single(value: number): Sample[] {
  return [{ value }]
}
