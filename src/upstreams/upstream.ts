import { Pool } from 'undici'
import { DomainError } from '../lib/index.ts'
import { Attempt, type AttemptLimits } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { messageOf } from './failure.ts'
import { requestHeaders } from './headers.ts'
import { AUTO, typeFor } from './presets.ts'
import { type Provider, providers } from './providers/index.ts'
import type { SendOutcome, UpstreamConfig, UpstreamSink } from './types.ts'

interface Exchange {
  method: 'GET' | 'POST'
  path: string
  body: Buffer | undefined
  limits: AttemptLimits
}

/** How an exchange went, for who watches the upstream's health. */
export interface Ending {
  readonly status: number | undefined
  readonly retryAfter: string | undefined
  readonly outcome: SendOutcome
  /** Whether our side ended it, or may have. */
  readonly isOurs: boolean
}

/** One upstream with its kept connections. */
export class Upstream {
  readonly config: UpstreamConfig
  readonly provider: Provider
  readonly #pool: Pool
  readonly #basePath: string
  readonly #headers: string[]
  readonly #deadlines: Deadlines

  /** @throws DomainError `upstream_invalid`: type, address or key are not usable; says which and what to write. */
  constructor(config: UpstreamConfig, connectMs: number, deadlines: Deadlines) {
    const url = readAddress(config)
    this.config = config
    this.provider = readProvider(config, url)
    this.#basePath = url.pathname.replace(/\/+$/, '')
    this.#headers = requestHeaders(this.provider, readKey(config))
    this.#deadlines = deadlines
    // No limit of connections: a stream holds one for minutes, and what is open is bounded by what is paid for.
    // HTTP/2 is refused, since it costs about four times as much CPU in Node.
    this.#pool = new Pool(url.origin, { connectTimeout: connectMs, allowH2: false })
  }

  /** One exchange, by `dispatch`: the one way through undici that costs next to nothing. Never rejects. */
  exchange(
    { method, path, body, limits }: Exchange,
    sink: UpstreamSink,
    onEnd?: (ending: Ending) => void,
  ): Promise<SendOutcome> {
    return new Promise((resolve) => {
      const attempt = new Attempt(sink, limits, (outcome) => {
        this.#deadlines.delete(attempt)
        if (onEnd) {
          const { status, retryAfter, isOurs } = attempt
          onEnd({ status, retryAfter, isOurs, outcome })
        }
        resolve(outcome)
      })
      this.#deadlines.add(attempt)
      try {
        sink.start?.(attempt)
      } catch (error) {
        attempt.fail('aborted', messageOf(error))
      }
      if (attempt.ended) return
      // undici's own timers are off: `Deadlines` does their work for all calls with one timer.
      this.#pool.dispatch(
        {
          method,
          path: this.#basePath + path,
          headers: this.#headers,
          body: body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        attempt,
      )
    })
  }

  /** Where a call of a dialect goes below the address. */
  callPath(path: string, model: string | undefined): string {
    const { callPath } = this.provider
    return callPath === undefined ? path : callPath({ path, model, basePath: this.#basePath })
  }

  /** Ends once its running calls have ended; no new one begins. */
  async retire(): Promise<void> {
    await this.#pool.close()
  }

  /** Ends every call and connection now. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

function readAddress({ id, url }: UpstreamConfig): URL {
  const address = URL.parse(url)
  const usable =
    address !== null &&
    (address.protocol === 'http:' || address.protocol === 'https:') &&
    address.username + address.password + address.search + address.hash === ''
  if (!usable) {
    throw invalid(id, 'its address must be like https://api.openai.com/v1, without credentials, ? or #.')
  }
  return address
}

function readProvider({ id, type }: UpstreamConfig, url: URL): Provider {
  const wanted = type === AUTO ? typeFor(url) : type
  const provider = providers.find(({ name }) => name === wanted)
  if (!provider) {
    throw invalid(
      id,
      `its type must be ${AUTO} or one of ${providers.map(({ name }) => name).join(', ')}, not ${type}.`,
    )
  }
  return provider
}

function readKey({ id, key }: UpstreamConfig): string | undefined {
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw invalid(id, 'its key may hold only visible ASCII characters, without blanks or line ends.')
  }
  return key
}

function invalid(id: string, what: string): DomainError {
  return new DomainError('upstream_invalid', `The upstream "${id}" cannot be used: ${what}`)
}
