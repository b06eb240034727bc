import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const MAIN = join(import.meta.dirname, '../../../src/main.ts')
const STARTING_MS = 30_000
/** A write past the limit fails, instead of ending the process. */
const LIMITED = `trap '' XFSZ; ulimit -f "$1"; shift; exec "$@"`

const living = new Set<ChildProcess>()
// A test that fails leaves its node behind.
afterAll(() => {
  for (const child of living) child.kill('SIGKILL')
})

export type Settings = Readonly<Record<string, string>>

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/** A node in a process of its own. */
export interface ChildNode {
  readonly baseUrl: string
  readonly ended: Promise<Ending>
  /** All that it wrote so far, to stdout and stderr. */
  output(): string
  /** Asks it to end, as an operator does. */
  stop(): Promise<Ending>
}

interface ChildOptions {
  /** `FAREBOX_*` values, named without the prefix. */
  readonly settings?: Settings
  /** Another entry point than `src/main.ts`, and its arguments. */
  readonly script?: readonly string[]
  /** So many blocks of 512 or 1,024 bytes a file may have, as on a disk that is full then. */
  readonly fileBlocks?: number
}

/** Starts the real process and resolves when it listens. */
export async function startChild(options: ChildOptions): Promise<ChildNode> {
  const { child, ended, output } = run(options)
  const address = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      const match = /Farebox listens on (\S+)/.exec(output())
      if (match?.[1] !== undefined) resolve(match[1])
    })
  })
  const early = ended.then(({ code, signal }) => {
    throw new Error(`the node ended with ${code ?? signal} before it listened: ${output()}`)
  })
  const baseUrl = await Promise.race([address, early])
  early.catch(() => undefined)
  const stop = (): Promise<Ending> => {
    child.kill('SIGTERM')
    return ended
  }
  return { baseUrl, ended, output, stop }
}

/** Runs the real process to its end, for starts that are to fail. */
export async function runChild(options: ChildOptions): Promise<Ending & { readonly output: string }> {
  const { child, ended, output } = run(options)
  const timer = setTimeout(() => child.kill('SIGKILL'), STARTING_MS)
  const ending = await ended
  clearTimeout(timer)
  return { ...ending, output: output() }
}

function run({ settings = {}, script = [MAIN], fileBlocks }: ChildOptions): {
  child: ChildProcess
  ended: Promise<Ending>
  output: () => string
} {
  // Many nodes run at once, and would all want the same port for their private listener.
  const named = Object.entries({ ADMIN_LISTEN: 'off', ...settings }).map(([name, value]) => [
    `FAREBOX_${name}`,
    value,
  ])
  const [command, words] =
    fileBlocks === undefined
      ? [process.execPath, script]
      : ['/bin/sh', ['-c', LIMITED, 'sh', String(fileBlocks), process.execPath, ...script]]
  const child = spawn(command, words, {
    cwd: tmpdir(),
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'farebox-compile-cache'), ...Object.fromEntries(named) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  living.add(child)
  let text = ''
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8')
    pipe.on('data', (chunk: string) => {
      text += chunk
    })
  }
  // `close` comes after the pipes were read to their ends, `exit` may come before.
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      living.delete(child)
      resolve({ code, signal })
    })
  })
  return { child, ended, output: () => text }
}
