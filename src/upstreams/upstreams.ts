import { isDeepStrictEqual } from 'node:util'
import { type Clock, SingleFlight } from '../lib/index.ts'
import type { AttemptLimits } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import { askForModels } from './model-list.ts'
import type {
  SendOutcome,
  Timeouts,
  UpstreamCall,
  UpstreamConfig,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
import { Upstream } from './upstream.ts'

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5_000,
  firstByteMs: 120_000,
  // Below the 600 s after which the official SDKs hang up by themselves.
  wholeFirstByteMs: 570_000,
  idleMs: 60_000,
  totalMs: 1_800_000,
}

/** So much of a key names it; masked quotes show about as much. */
const KEY_START = 8

export type UpstreamEvent = 'upstream_models_read' | 'upstream_models_failed'

export interface UpstreamsOptions {
  configs: readonly UpstreamConfig[]
  timeouts?: Partial<Timeouts>
  clock: Clock
  /** For the log. `fields` hold the upstream's id, counts and error sentences; never a key or a body. */
  onEvent?: (event: UpstreamEvent, fields: Readonly<Record<string, unknown>>) => void
}

/** All upstreams: what they offer, and one attempt at one of them. Choosing and failing over is the proxy's. */
export class Upstreams {
  readonly #byId: ReadonlyMap<string, Upstream>
  readonly #deadlines: Deadlines
  readonly #clock: Clock
  readonly #onEvent: NonNullable<UpstreamsOptions['onEvent']>
  readonly #streamed: AttemptLimits
  readonly #whole: AttemptLimits
  readonly #refreshing = new SingleFlight<void>()
  #states: readonly UpstreamState[]

  /** Contacts nobody. @throws DomainError `upstream_invalid` */
  constructor({ configs, timeouts, clock, onEvent }: UpstreamsOptions) {
    const { connectMs, wholeFirstByteMs, ...limits } = { ...DEFAULT_TIMEOUTS, ...timeouts }
    this.#streamed = limits
    this.#whole = { ...limits, firstByteMs: wholeFirstByteMs }
    this.#clock = clock
    this.#onEvent = onEvent ?? (() => undefined)
    this.#deadlines = new Deadlines(tickFor([wholeFirstByteMs, ...Object.values(limits)]))
    this.#byId = new Map(
      configs.map((config) => [config.id, new Upstream(config, connectMs, this.#deadlines)]),
    )
    this.#states = configs.map((config) => ({
      config,
      models: [],
      lastError: undefined,
      checkedAt: undefined,
    }))
  }

  /** In the operator's order. The same array until a look at a model list ended; see `UpstreamState`. */
  states(): readonly UpstreamState[] {
    return this.#states
  }

  /**
   * Looks at the model list of each upstream, all at once; a slow one holds up nobody else's. A list that cannot be
   * had leaves the last good one in place. Never rejects; a second call meanwhile joins the first.
   */
  refreshModels(): Promise<void> {
    return this.#refreshing.run('all', async () => {
      await Promise.all([...this.#byId.values()].map((upstream) => this.#refresh(upstream)))
    })
  }

  /** One attempt at one upstream. The sink gets the reply as it comes. Never rejects. */
  send(call: UpstreamCall, sink: UpstreamSink): Promise<SendOutcome> {
    const upstream = this.#byId.get(call.upstreamId)
    if (!upstream) {
      const message = `there is no upstream "${call.upstreamId}"`
      return Promise.resolve({ kind: 'failed', began: false, reason: 'unreachable', message })
    }
    const limits = call.stream ? this.#streamed : this.#whole
    return upstream.exchange({ method: 'POST', path: call.path, body: call.body, limits }, sink)
  }

  /** A text of an upstream without the operator's key in it, which some quote when they refuse, whole or masked. */
  withoutKey(upstreamId: string, text: string): string {
    const key = this.#byId.get(upstreamId)?.config.key
    if (!key) return text
    const start = RegExp.escape(key.slice(0, KEY_START))
    return text.replaceAll(new RegExp(`${start}[^\\s"'<>,;]*`, 'g'), '[key]')
  }

  /** Ends every call (as `aborted`) and every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((upstream) => upstream.close()))
    this.#deadlines.close()
  }

  async #refresh(upstream: Upstream): Promise<void> {
    const answer = await askForModels(upstream)
    const { id } = upstream.config
    this.#states = this.#states.map((state) => {
      if (state.config.id !== id) return state
      const checkedAt = this.#clock.now()
      if ('error' in answer) return { ...state, lastError: answer.error, checkedAt }
      const models = isDeepStrictEqual(answer.models, state.models) ? state.models : answer.models
      return { ...state, models, lastError: undefined, checkedAt }
    })
    if ('error' in answer) this.#onEvent('upstream_models_failed', { upstream: id, error: answer.error })
    else this.#onEvent('upstream_models_read', { upstream: id, models: answer.models.length })
  }
}

/** A quarter of the shortest wait, so that no deadline is noticed much too late; at most half a second. */
function tickFor(waitsMs: readonly number[]): number {
  return Math.max(5, Math.min(500, Math.floor(Math.min(...waitsMs) / 4)))
}
