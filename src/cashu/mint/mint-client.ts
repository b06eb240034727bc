import { Pool } from 'undici'
import type { z } from 'zod'
import { keysetsReply, keysReply, readMintError, restoreReply, statesReply, swapReply } from './replies.ts'

const REPLY_MAX = 2 * 1024 * 1024
const CONNECTIONS = 16
/** Below the 5 s after which uvicorn (Nutshell) closes: a POST on a connection it is closing fails without having been read. */
const KEEP_ALIVE_MS = 4_000

/**
 * A mint's answer. `refused`: the mint said no, in its own words; `code` is NUT-00's, or minus the HTTP status where there
 * was none. `unclear`: everything else (no connection, cut, late, 5xx, 429, not JSON), after which the request may have
 * been executed.
 */
export type Reply<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly code: number; readonly detail: string }
  | { readonly kind: 'unclear'; readonly why: string; readonly retryAfterMs: number }

interface Call<T> {
  readonly path: string
  readonly shape: z.ZodType<T>
  /** JSON text; makes it a POST. */
  readonly body?: string
}

/** One mint over HTTP. The address comes from the operator, never from an ecash. Redirects are not followed. */
export class MintClient {
  readonly #pool: Pool
  readonly #prefix: string
  readonly #timeoutMs: number
  readonly #ended = new AbortController()
  #isAnswering: boolean | undefined

  constructor(mint: string, timeoutMs: number) {
    const { origin, pathname } = new URL(mint)
    this.#prefix = pathname.replace(/\/+$/, '')
    this.#timeoutMs = timeoutMs
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: Math.min(timeoutMs, 5_000) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
  }

  /** Whether the last request got an answer, be it a refusal; undefined before the first. */
  get isAnswering(): boolean | undefined {
    return this.#isAnswering
  }

  /** NUT-03. `body` is sent byte for byte. */
  swap(body: string): Promise<Reply<z.infer<typeof swapReply>>> {
    return this.#call({ path: '/v1/swap', shape: swapReply, body })
  }

  /** NUT-09: which of these blinded messages were signed. */
  restore(
    outputs: readonly { amount: number; id: string; B_: string }[],
  ): Promise<Reply<z.infer<typeof restoreReply>>> {
    return this.#call({ path: '/v1/restore', shape: restoreReply, body: JSON.stringify({ outputs }) })
  }

  /** NUT-07, at most 100 at a time. */
  states(ys: readonly string[]): Promise<Reply<z.infer<typeof statesReply>>> {
    return this.#call({ path: '/v1/checkstate', shape: statesReply, body: JSON.stringify({ Ys: ys }) })
  }

  keysets(): Promise<Reply<z.infer<typeof keysetsReply>>> {
    return this.#call({ path: '/v1/keysets', shape: keysetsReply })
  }

  keys(id: string): Promise<Reply<z.infer<typeof keysReply>>> {
    // NUT-01: the old base64 ids are written URL-safe.
    const name = encodeURIComponent(id.replaceAll('+', '-').replaceAll('/', '_'))
    return this.#call({ path: `/v1/keys/${name}`, shape: keysReply })
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#pool.destroy()
  }

  async #call<T>(call: Call<T>): Promise<Reply<T>> {
    const reply = await this.#request(call)
    this.#isAnswering = reply.kind !== 'unclear'
    return reply
  }

  async #request<T>({ path, shape, body }: Call<T>): Promise<Reply<T>> {
    try {
      const reply = await this.#pool.request({
        path: this.#prefix + path,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
        signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(this.#timeoutMs)]),
      })
      const text = await readText(reply.body)
      if (reply.statusCode === 200) return readValue(text, shape)
      return refusal(reply.statusCode, { text, retryAfter: reply.headers['retry-after'] })
    } catch (error) {
      return unclear(error instanceof Error ? error.message : String(error))
    }
  }
}

async function readText(body: AsyncIterable<unknown> & { destroy(error?: Error): unknown }): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > REPLY_MAX) throw new Error('the reply is longer than 2 MB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readValue<T>(text: string, shape: z.ZodType<T>): Reply<T> {
  const parsed = shape.safeParse(readJson(text))
  return parsed.success ? { kind: 'ok', value: parsed.data } : unclear('the reply has an unknown shape')
}

const UNCLEAR_STATUS = new Set([408, 425, 429])

function refusal(status: number, { text, retryAfter }: { text: string; retryAfter: unknown }): Reply<never> {
  const seconds = Number(retryAfter)
  const retryAfterMs = Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 60) * 1000 : 0
  const error = readMintError(readJson(text))
  if (status < 400 || status >= 500 || UNCLEAR_STATUS.has(status) || !error)
    return unclear(`HTTP ${status}`, retryAfterMs)
  return { kind: 'refused', code: error.code ?? -status, detail: error.detail }
}

function unclear(why: string, retryAfterMs = 0): Reply<never> {
  return { kind: 'unclear', why, retryAfterMs }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
