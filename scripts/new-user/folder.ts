import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')
const START_MS = 30_000
const STOP_MS = 60_000
const RUN_MS = 120_000

/** Groups of processes that must not outlive this one, however it ends. */
const groups = new Set<number>()
process.once('exit', () => {
  for (const group of groups) process.kill(-group, 'SIGKILL')
})
process.once('SIGTERM', () => process.exit(1))

export type Settings = Readonly<Record<string, string>>

/** A folder in which a stranger has installed the package, and nothing else. */
export interface Folder extends Disposable {
  readonly path: string
  /** Runs a program to its end. @returns its output. @throws where it fails, with what it said */
  run(command: readonly [string, ...string[]], settings: Settings): Promise<string>
  /** Starts `farebox` and waits until it listens. */
  start(settings: Settings, how?: 'npx'): Promise<RunningNode>
}

export interface RunningNode {
  readonly url: string
  /** Sends SIGTERM. @returns the exit code, and everything it said */
  stop(): Promise<{ code: number | null; said: string }>
}

const execute = promisify(execFile)

/** Packs this repository and installs the result from the registry, with the official SDK beside it. */
export async function installedFolder(sdk: string): Promise<Folder> {
  const path = mkdtempSync(join(tmpdir(), 'farebox-new-user-'))
  // The mint and the supplier live in this process, so it must not stand still meanwhile.
  const run: Folder['run'] = async ([program, ...args], settings) => {
    const options = { cwd: path, env: environment(settings), timeout: RUN_MS }
    return (await execute(program, args, options)).stdout
  }
  await execute('npm', ['pack', '--silent', '--pack-destination', path], { cwd: root })
  const [tarball = ''] = globSync('*.tgz', { cwd: path })
  writeFileSync(join(path, 'package.json'), '{"private":true,"type":"module"}')
  await run(['npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`, sdk], {})
  return {
    path,
    run,
    start: (settings, how) =>
      startNode({
        path,
        settings,
        words: how === 'npx' ? ['npx', 'farebox'] : [join(path, 'node_modules/.bin/farebox')],
      }),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Only what a stranger has, and the settings that he writes. */
function environment(settings: Settings): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:FAREBOX_|npm_)/.test(name))
  const own = Object.entries(settings).map(([name, value]) => [`FAREBOX_${name}`, value])
  // The Node that runs this goes before that of the machine.
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  return { ...Object.fromEntries(kept), ...Object.fromEntries(own), PATH: path }
}

async function startNode(order: {
  path: string
  settings: Settings
  words: readonly string[]
}): Promise<RunningNode> {
  const [program = '', ...args] = order.words
  // A group of its own gets signals as those of a terminal do: npx, its shell and the node.
  const child = spawn(program, args, {
    cwd: order.path,
    env: environment(order.settings),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const { pid = 0 } = child
  groups.add(pid)
  child.once('exit', () => groups.delete(pid))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()))
  const ended = once(child, 'close')
  const url = await address(child, () => said)
  return {
    url,
    stop: async () => {
      process.kill(-pid, 'SIGTERM')
      const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
      return { code: child.exitCode, said }
    },
  }
}

async function address(child: ChildProcess, said: () => string): Promise<string> {
  const end = Date.now() + START_MS
  while (Date.now() < end && child.exitCode === null) {
    const url = /Farebox listens on (http:\S+)/.exec(said())?.[1]
    if (url !== undefined) return url
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  child.kill('SIGKILL')
  throw new Error(`The node did not start: ${said()}`)
}
