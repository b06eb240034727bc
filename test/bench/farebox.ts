import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlayMint } from '../../src/demo/index.ts'
import type { Candidate } from './candidates.ts'
import { Child, listening } from './ipc.ts'

const FUNDS_SAT = 4_000_000
const PATIENCE_MS = 15_000

/**
 * Farebox as an operator runs it: `main.ts`, SQLite in a fresh directory with full durability, one upstream, one mint
 * of play money, and a wallet that can pay for every round.
 */
export async function startFarebox(upstreamPort: number): Promise<Candidate> {
  const directory = mkdtempSync(join(tmpdir(), 'farebox-bench-'))
  const mint = await startPlayMint()
  const port = await freePort()
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const process = new Child(main, {
    name: 'farebox',
    // A directory without `.env`: nothing but these settings counts.
    cwd: directory,
    env: {
      FAREBOX_DATA_DIR: join(directory, 'data'),
      FAREBOX_LISTEN: `127.0.0.1:${port}`,
      FAREBOX_ADMIN_LISTEN: '127.0.0.1:0',
      FAREBOX_MINTS: mint.url,
      FAREBOX_BTC_USD: '100000',
      FAREBOX_MARGIN: '10%',
      FAREBOX_UPSTREAM_BENCH_URL: `http://127.0.0.1:${upstreamPort}/v1`,
      FAREBOX_UPSTREAM_BENCH_KEY: 'sk-bench',
      FAREBOX_UPSTREAM_BENCH_PRICES: 'openai',
      FAREBOX_SHUTDOWN_GRACE: '1',
    },
  })
  const stop = async (): Promise<void> => {
    await process.stop()
    await mint.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const base = `http://127.0.0.1:${port}`
    await ready(base)
    const key = await fundedKey(base, await mint.mintEcash(FUNDS_SAT))
    return { name: 'farebox', port, key, process, stop }
  } catch (error) {
    const words = process.lastWords
    await stop()
    throw new Error(`Farebox did not start: ${String(error)}\n${words}`, { cause: error })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const { port = 0 } = await listening(server)
  server.close()
  await once(server, 'close')
  return port
}

async function ready(base: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const reply = await fetch(`${base}/readyz`).catch(() => undefined)
    if (reply?.status === 200) return
    if (Date.now() > until) throw new Error(`not ready (${reply ? await reply.text() : 'no answer'})`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function fundedKey(base: string, ecash: string): Promise<string> {
  const reply = await fetch(`${base}/v1/wallet/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cashu_token: ecash }),
  })
  const text = await reply.text()
  const key: unknown = reply.ok ? Object(JSON.parse(text))['api_key'] : undefined
  if (typeof key !== 'string') throw new Error(`no wallet: ${reply.status} ${text.slice(0, 300)}`)
  return key
}
