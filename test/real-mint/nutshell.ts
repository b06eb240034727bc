import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A Nutshell mint with its FakeWallet, on loopback, in a process of its own. */
export interface Nutshell extends AsyncDisposable {
  readonly url: string
  /** SIGKILL: nothing is flushed, no request is finished. */
  kill(): Promise<void>
  /** Starts it again on the same port and database. */
  start(): Promise<void>
}

const FEE_PPK = 100
/** The first run makes the virtual environment. */
const READY_MS = 8 * 60_000

export async function startNutshell(): Promise<Nutshell> {
  const port = await freePort()
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-nutshell-'))
  const url = `http://127.0.0.1:${port}`
  let mint: ChildProcess | undefined
  const start = async (): Promise<void> => {
    mint = await run({ port, dataDir, url })
  }
  const kill = async (): Promise<void> => {
    const victim = mint
    mint = undefined
    if (!victim || victim.exitCode !== null || victim.signalCode !== null) return
    const gone = once(victim, 'exit')
    victim.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url,
    kill,
    start,
    [Symbol.asyncDispose]: async () => {
      await kill()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function run({
  port,
  dataDir,
  url,
}: {
  port: number
  dataDir: string
  url: string
}): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'start.sh')
  const mint = spawn(script, [venvDir(), dataDir, String(port), String(FEE_PPK)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const keep = (text: Buffer): void => {
    said = (said + text.toString()).slice(-4000)
  }
  mint.stdout.on('data', keep)
  mint.stderr.on('data', keep)
  for (const end = Date.now() + READY_MS; Date.now() < end;) {
    if (mint.exitCode !== null) break
    const info = await fetch(`${url}/v1/info`).catch(() => undefined)
    await info?.arrayBuffer()
    if (info?.ok) return mint
    await sleep(100)
  }
  mint.kill('SIGKILL')
  throw new Error(`the mint did not start: ${said}`)
}

/** One environment for each set of pinned packages, kept between runs and outside the repository. */
function venvDir(): string {
  const pins = readFileSync(join(import.meta.dirname, 'requirements.txt'))
  const name = createHash('sha256').update(pins).digest('hex').slice(0, 12)
  return join(homedir(), '.cache', 'farebox', `nutshell-${name}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
