import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type AppOptions } from '../../src/app.ts'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../../src/demo/index.ts'

export interface TestNode extends AsyncDisposable {
  readonly app: App
  readonly baseUrl: string
  readonly mint: PlayMint
  readonly upstream: Upstream
  readonly dataDir: string
  readonly log: { event: string; fields: Readonly<Record<string, unknown>> }[]
  /** A GET with a key, read as JSON. */
  get(path: string, key?: string): Promise<Record<string, unknown>>
  /** A POST with a key, read as JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<TestReply>
  /** Stops the node and starts it again on the same data. */
  restart(): Promise<TestNode>
}

export interface TestReply {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

interface Options {
  readonly feePpk?: number
  /** Of the node's own mint. */
  readonly mint?: Parameters<typeof startPlayMint>[0]
  /** Mints beside its own whose ecash it takes. */
  readonly moreMints?: readonly string[]
  readonly app?: Partial<AppOptions>
  readonly upstream?: Parameters<typeof startUpstream>[0]
}

const UPSTREAM_KEY = 'sk-upstream-secret-key'

/** A whole node on real parts: SQLite in a folder of its own, the play mint and the upstream double over HTTP. */
export async function startTestNode(options: Options = {}): Promise<TestNode> {
  const mint = await startPlayMint({ feePpk: options.feePpk ?? 100, ...options.mint })
  const upstream = await startUpstream({ key: UPSTREAM_KEY, ...options.upstream })
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-node-'))
  return startOn({ mint, upstream, dataDir, options })
}

async function startOn(parts: {
  mint: PlayMint
  upstream: Upstream
  dataDir: string
  options: Options
}): Promise<TestNode> {
  const { mint, upstream, dataDir, options } = parts
  const log: TestNode['log'] = []
  const app = await App.open({
    dataDir,
    mints: [mint.url, ...(options.moreMints ?? [])],
    upstreams: [
      {
        id: 'main',
        type: 'openai',
        url: upstream.url,
        key: UPSTREAM_KEY,
        prices: 'openai',
        marginBp: undefined,
        order: 0,
      },
    ],
    marginBp: 1000,
    btcUsd: { centsPerBtc: 10_000_000n },
    timeouts: { firstByteMs: 800, wholeFirstByteMs: 1500, idleMs: 800, totalMs: 10_000 },
    // A test has its upstream fail on purpose, again and again; pausing has tests of its own.
    pauses: 'off',
    mintTimeoutMs: 1000,
    mintWaitMs: 1500,
    log: (event, fields) => void log.push({ event, fields }),
    ...options.app,
  })
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  const stop = async (): Promise<void> => {
    await app.close()
  }
  return {
    app,
    baseUrl,
    mint,
    upstream,
    dataDir,
    log,
    get: async (path, key) => {
      const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
      return readJson(await fetch(`${baseUrl}${path}`, { headers }))
    },
    post: async (path, body, headers = {}) => {
      const response = await fetch(`${baseUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, headers: response.headers, body: await readJson(response) }
    },
    restart: async () => {
      await stop()
      return startOn(parts)
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      await upstream.close()
      await mint.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const parsed: unknown = await response.json()
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}
