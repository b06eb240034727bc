import { EVENTS_PER_STREAM, type Round } from './phases.ts'
import { type Spread, spread } from './stats.ts'

interface Measured {
  whole: readonly Round[]
  streams: readonly Round[]
  firstBytes: readonly Round[]
  fixedRate: readonly Round[]
  /** Bytes per further open stream, a round each. */
  memory: readonly { a: number; b: number }[]
  fsyncMs: { p50: number; p99: number }
}

/** One line of the report. */
export interface Line {
  name: string
  /** The pass-through's own figure and its unit, for orientation; it cannot be compared between machines. */
  beside: string
  value: Spread
  unit: string
  /** The first column of targets: what the value may be at most, or must be at least. */
  target: { atMost: number } | { atLeast: number }
}

const THROUGHPUT_TARGET = 0.45

export function throughput(rounds: readonly Round[]): Line {
  return {
    name: 'throughput, whole 1 KB',
    beside: `${figure(spread(rounds.map(({ a }) => a.perSecond)).median)}/s`,
    value: spread(rounds.map(({ a, b }) => b.perSecond / a.perSecond)),
    unit: '×',
    target: { atLeast: THROUGHPUT_TARGET },
  }
}

export function cpu(rounds: readonly Round[]): Line {
  return {
    name: 'CPU per request',
    beside: `${figure(spread(rounds.map(({ a }) => a.cpuUs)).median)} µs`,
    value: spread(rounds.map(({ a, b }) => b.cpuUs / a.cpuUs)),
    unit: '×',
    target: { atMost: 2.2 },
  }
}

/** All lines of a full run. */
export function lines(measured: Measured): Line[] {
  const { whole, streams, firstBytes, fixedRate, memory, fsyncMs } = measured
  const perEvent = (us: number): string => `${figure(us / EVENTS_PER_STREAM)} µs`
  const ms = (value: number): string => `${figure(value)} ms`
  return [
    throughput(whole),
    cpu(whole),
    {
      name: 'p50 added at 300/s, beyond 2 fsyncs',
      beside: ms(spread(fixedRate.map(({ a }) => a.p50)).median),
      value: spread(fixedRate.map(({ a, b }) => b.p50 - a.p50 - fsyncMs.p50)),
      unit: ' ms',
      target: { atMost: 1 },
    },
    {
      name: 'p99 added at 300/s, beyond 2 fsyncs',
      beside: ms(spread(fixedRate.map(({ a }) => a.p99)).median),
      value: spread(fixedRate.map(({ a, b }) => b.p99 - a.p99 - fsyncMs.p99)),
      unit: ' ms',
      target: { atMost: 5 },
    },
    {
      name: 'CPU per streamed event',
      beside: perEvent(spread(streams.map(({ a }) => a.cpuUs)).median),
      value: spread(streams.map(({ a, b }) => b.cpuUs / a.cpuUs)),
      unit: '×',
      target: { atMost: 1.3 },
    },
    {
      name: 'first byte of a stream, added',
      beside: ms(spread(firstBytes.map(({ a }) => a.firstByteP50)).median),
      value: spread(firstBytes.map(({ a, b }) => b.firstByteP50 - a.firstByteP50)),
      unit: ' ms',
      target: { atMost: 3 },
    },
    {
      name: 'memory per open stream',
      beside: `${figure(spread(memory.map(({ a }) => a / 1024)).median)} KB`,
      value: spread(memory.map(({ b }) => b / 1024)),
      unit: ' KB',
      target: { atMost: 60 },
    },
  ]
}

export function isMet({ value, target }: Line): boolean {
  return 'atMost' in target ? value.median <= target.atMost : value.median >= target.atLeast
}

export function table(names: { a: string; b: string }, rows: readonly Line[]): string {
  const cells = rows.map((line) => {
    const { value, unit, target } = line
    const wanted = 'atMost' in target ? `≤ ${target.atMost}${unit}` : `≥ ${target.atLeast}${unit}`
    const range = `${figure(value.low)} – ${figure(value.high)}`
    return [
      line.name,
      line.beside,
      `${figure(value.median)}${unit}`,
      range,
      wanted,
      isMet(line) ? 'met' : 'MISSED',
    ]
  })
  const head = ['', names.a, names.b, 'lowest – highest', 'target', '']
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => row[i]?.length ?? 0)))
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
