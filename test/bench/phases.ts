import type { Candidate } from './candidates.ts'
import { fsyncTimes } from './disk.ts'
import type { Child, Numbers } from './ipc.ts'
import { percentile } from './stats.ts'

/** What all phases work with. `a` is the pass-through, `b` what is compared with it. */
export interface Bench {
  a: Candidate
  b: Candidate
  upstream: Child
  load: Child
  rounds: number
  /** Length of a round in milliseconds. */
  ms: number
}

/** The figures of one round: both candidates under the same load, one directly after the other. */
export interface Round {
  a: Figures
  b: Figures
}

export interface Figures {
  perSecond: number
  /** The candidate's own CPU time per reply, in microseconds. */
  cpuUs: number
  p50: number
  p99: number
  firstByteP50: number
}

export const EVENTS_PER_STREAM = 100

interface Load {
  ask: 'closed' | 'open'
  question: Numbers
}

async function measure(bench: Bench, candidate: Candidate, { ask, question }: Load): Promise<Figures> {
  const before = await candidate.process.ask('cpu')
  const numbers = await bench.load.ask(ask, { ...question, port: candidate.port })
  const after = await candidate.process.ask('cpu')
  const { errors = 0, done = 0, ms = 1, lastStatus = 0, p50 = 0, p99 = 0, firstByteP50 = 0 } = numbers
  if (errors > 0 || done === 0) {
    const what = `${candidate.name}, ${ask} loop: ${errors} errors, ${done} good, last status ${lastStatus}`
    throw new Error(`A run with errors is no run. ${what}\n${candidate.process.lastWords}`)
  }
  const cpuUs = ((after['us'] ?? 0) - (before['us'] ?? 0)) / done
  return { perSecond: (done * 1_000) / ms, cpuUs, p50, p99, firstByteP50 }
}

/** Rounds of A B, B A, A B …, so that a drift of the machine falls on both alike. */
async function interleave(bench: Bench, load: Load): Promise<Round[]> {
  const rounds: Round[] = []
  for (let i = 0; i < bench.rounds; i += 1) {
    if (i % 2 === 0) {
      const a = await measure(bench, bench.a, load)
      rounds.push({ a, b: await measure(bench, bench.b, load) })
    } else {
      const b = await measure(bench, bench.b, load)
      rounds.push({ a: await measure(bench, bench.a, load), b })
    }
  }
  return rounds
}

/** After 2 s Farebox still costs a third more per call than after 6 s: that is how long the last code takes to be compiled. */
const WARM_UP_MS = 6_000

/** Both compile and fill their pools before anything counts. */
export async function warmUp(bench: Bench): Promise<void> {
  await bench.upstream.ask('plan', { events: 10, gapMs: 5 })
  for (const candidate of [bench.a, bench.b]) {
    await measure(bench, candidate, { ask: 'closed', question: { connections: 64, ms: WARM_UP_MS } })
    await measure(bench, candidate, { ask: 'closed', question: { connections: 16, ms: 500, stream: 1 } })
  }
}

/** Enough to load all code, and no more: what a full warm-up leaves behind would hide the growth. */
export async function wakeUp(bench: Bench): Promise<void> {
  await bench.upstream.ask('plan', { events: 5, gapMs: 5 })
  for (const candidate of [bench.a, bench.b]) {
    await measure(bench, candidate, { ask: 'closed', question: { connections: 2, ms: 300, stream: 1 } })
  }
}

/** 1 KB up, 1 KB down, 64 callers who never rest. */
export function wholeReplies(bench: Bench): Promise<Round[]> {
  return interleave(bench, { ask: 'closed', question: { connections: 64, ms: bench.ms } })
}

/** 50 streams at a time of 100 events, 5 ms apart. */
export async function streams(bench: Bench): Promise<Round[]> {
  await bench.upstream.ask('plan', { events: EVENTS_PER_STREAM, gapMs: 5 })
  return interleave(bench, { ask: 'closed', question: { connections: 50, ms: bench.ms, stream: 1 } })
}

/** Short streams, two at a time: what a caller waits for the first byte on a machine that is not full. */
export async function firstBytes(bench: Bench): Promise<Round[]> {
  await bench.upstream.ask('plan', { events: 5, gapMs: 5 })
  return interleave(bench, { ask: 'closed', question: { connections: 2, ms: bench.ms / 2, stream: 1 } })
}

/** A fixed 300 requests a second. */
export function fixedRate(bench: Bench): Promise<Round[]> {
  return interleave(bench, { ask: 'open', question: { rate: 300, ms: bench.ms } })
}

const [FEW, MORE] = [500, 1_000]

/** Bytes of resident memory that each further open stream costs: from 500 to 1,500 of them, an event a second. */
export async function bytesPerStream(bench: Bench, candidate: Candidate): Promise<number> {
  await bench.upstream.ask('plan', { events: 100, gapMs: 1_000 })
  const grow = async (count: number): Promise<number> => {
    const { errors = 0 } = await bench.load.ask('hold', { port: candidate.port, count, stream: 1 })
    if (errors > 0)
      throw new Error(`A run with errors is no run. ${candidate.name}: ${errors} streams refused`)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    return (await candidate.process.ask('memory'))['bytes'] ?? 0
  }
  const few = await grow(FEW)
  const more = await grow(MORE)
  await bench.load.ask('release')
  await new Promise((resolve) => setTimeout(resolve, 500))
  return (more - few) / MORE
}

/** What the two commits of a paid call wait for on this disk (milliseconds): two fsyncs, one after the other. */
export function fsyncPairs(directory: string): { p50: number; p99: number } {
  const times = fsyncTimes(directory, 400)
  const pairs = times.slice(0, 200).map((time, i) => time + (times[i + 200] ?? 0))
  return { p50: percentile(pairs, 0.5), p99: percentile(pairs, 0.99) }
}
