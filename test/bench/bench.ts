/**
 * `npm run bench`: Farebox with durable billing beside a bare pass-through, in one go, in interleaved rounds.
 *
 *   --json              one line of figures instead of the table
 *   --quick             throughput and CPU only, short rounds, up to three times; exits 1 below a ratio of 0.30
 *   --rounds N --ms N   how many rounds, how long each
 *   --of NAME           what is compared (farebox; pass-through shows the noise of the bench itself)
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Candidate, type Start, starters } from './candidates.ts'
import { Child } from './ipc.ts'
import * as phases from './phases.ts'
import { cpu, isMet, type Line, lines, table, throughput } from './report.ts'
import { median } from './stats.ts'

const FLOOR = 0.3
const MEMORY_ROUNDS = 3
/** Neighbours on the disk only ever lower the ratio, so a check that fails for them is made again. */
const QUICK_TRIES = 3

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    ms: { type: 'string' },
    of: { type: 'string', default: 'farebox' },
  },
})

function say(text: string): void {
  if (!options.json) process.stderr.write(`${text}\n`)
}

function starter(name: string): Start {
  const start = starters[name]
  if (!start) throw new Error(`--of must be one of ${Object.keys(starters).join(', ')}`)
  return start
}

function sibling(file: string, env: Record<string, string> = {}): Child {
  return new Child(new URL(file, import.meta.url).pathname, { name: file, env })
}

/** Starts both candidates and a load generator that has the second's key, works with them, and stops all. */
async function withBench<T>(upstream: Child, work: (bench: phases.Bench) => Promise<T>): Promise<T> {
  const { port = 0 } = await upstream.ask('port')
  const started: { stop(): Promise<void> }[] = []
  const keep = <S extends { stop(): Promise<void> }>(one: S): S => {
    started.push(one)
    return one
  }
  try {
    const a: Candidate = keep(await starter('pass-through')(port))
    const b: Candidate = keep(await starter(options.of)(port))
    const load = keep(sibling('./load.ts', { BENCH_KEY: b.key }))
    const rounds = Number(options.rounds ?? (options.quick ? 3 : 5))
    const ms = Number(options.ms ?? (options.quick ? 1_500 : 3_000))
    return await work({ a, b, upstream, load, rounds, ms })
  } finally {
    for (const one of started.toReversed()) await one.stop()
  }
}

function isAboveFloor([ratio]: readonly Line[]): boolean {
  return ratio !== undefined && ratio.value.median >= FLOOR
}

async function quick(upstream: Child): Promise<Line[]> {
  return withBench(upstream, async (bench) => {
    await phases.warmUp(bench)
    let rows: Line[] = []
    for (let i = 0; i < QUICK_TRIES && !(i > 0 && isAboveFloor(rows)); i += 1) {
      const whole = await phases.wholeReplies(bench)
      rows = [throughput(whole), cpu(whole)]
    }
    return rows
  })
}

async function full(upstream: Child, directory: string): Promise<Line[]> {
  const fsyncs: { p50: number; p99: number }[] = []
  const sampleDisk = (): void => void fsyncs.push(phases.fsyncPairs(directory))
  const speed = await withBench(upstream, async (bench) => {
    say('warming up')
    await phases.warmUp(bench)
    say('whole replies, 64 connections')
    const whole = await phases.wholeReplies(bench)
    sampleDisk()
    say('fixed rate, 300/s')
    const fixedRate = await phases.fixedRate(bench)
    sampleDisk()
    say('first bytes')
    const firstBytes = await phases.firstBytes(bench)
    sampleDisk()
    say('50 streams of 100 events')
    return { whole, fixedRate, firstBytes, streams: await phases.streams(bench) }
  })
  const fsyncMs = { p50: median(fsyncs.map(({ p50 }) => p50)), p99: median(fsyncs.map(({ p99 }) => p99)) }
  const memory: { a: number; b: number }[] = []
  for (let i = 0; i < MEMORY_ROUNDS; i += 1) {
    say(`memory, round ${i + 1} of ${MEMORY_ROUNDS}`)
    // Fresh processes each time, since an earlier load leaves free memory behind.
    memory.push(await withBench(upstream, memoryRound))
  }
  say(`two fsyncs of this disk: p50 ${fsyncMs.p50.toFixed(2)} ms, p99 ${fsyncMs.p99.toFixed(2)} ms`)
  return lines({ ...speed, memory, fsyncMs })
}

async function memoryRound(bench: phases.Bench): Promise<{ a: number; b: number }> {
  await phases.wakeUp(bench)
  return { a: await phases.bytesPerStream(bench, bench.a), b: await phases.bytesPerStream(bench, bench.b) }
}

function print(rows: readonly Line[]): void {
  if (options.json) {
    const figures = rows.map(({ name, value, unit, target }) => ({
      name,
      unit: unit.trim(),
      ...value,
      target,
    }))
    process.stdout.write(`${JSON.stringify({ of: options.of, figures })}\n`)
  } else process.stdout.write(`${table({ a: 'pass-through', b: options.of }, rows)}\n`)
}

const upstream = sibling('./upstream.ts')
const directory = mkdtempSync(join(tmpdir(), 'farebox-bench-'))
try {
  const rows = options.quick ? await quick(upstream) : await full(upstream, directory)
  print(rows)
  if (!isAboveFloor(rows)) {
    process.stderr.write(`The throughput ratio is below the floor of ${FLOOR}.\n`)
    process.exitCode = 1
  } else if (!options.quick && !rows.every(isMet)) process.stderr.write('Not every target is met.\n')
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await upstream.stop()
  rmSync(directory, { recursive: true, force: true })
}
