import { isDeepStrictEqual } from 'node:util'
import { type Clock, DomainError, SingleFlight } from '../lib/index.ts'
import type { AttemptLimits } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import { Health, type PauseRule } from './health.ts'
import { askForModels, type ModelListAnswer } from './model-list.ts'
import type {
  SendOutcome,
  UpstreamCall,
  UpstreamConfig,
  UpstreamOrigin,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
import { type Ending, Upstream } from './upstream.ts'
import type { KeptList } from './upstream-store.ts'

type UpstreamEvent =
  | 'upstream_models_read'
  | 'upstream_models_failed'
  | 'upstream_list_not_kept'
  | 'upstream_paused'
  | 'upstream_resumed'
  | 'upstream_changed'

export type OnEvent = (event: UpstreamEvent, fields: Readonly<Record<string, unknown>>) => void

/** What the members of the room share. */
export interface MemberParts {
  readonly deadlines: Deadlines
  readonly connectMs: number
  readonly clock: Clock
  readonly pauseRule: PauseRule
  readonly onEvent: OnEvent
  /** Called after every change of a state. */
  readonly onChange: () => void
  readonly keepList: ((id: string, list: KeptList) => Promise<void>) | undefined
}

export interface MemberSeed {
  readonly config: UpstreamConfig
  readonly origin: UpstreamOrigin
  readonly isEnabled: boolean
  readonly problem: string | undefined
  readonly list: KeptList | undefined
  /** Whether settings that cannot be used are an error; else it is shown with them, and sells nothing. */
  readonly mustWork: boolean
}

/** A list that did not change is written again only so often, to say how old it is. */
const KEEP_AGAIN_MS = 3_600_000

/** One upstream in the room: its connections, what is known of it, and whether it should get calls. */
export class Member {
  readonly upstream: Upstream | undefined
  readonly health: Health
  readonly #parts: MemberParts
  readonly #looking = new SingleFlight<void>()
  readonly #onEnd: (ending: Ending) => void
  #state: UpstreamState
  #listError: string | undefined
  #misses = 0
  #keptAt: number | undefined
  #again: NodeJS.Timeout | undefined
  #isClosed = false

  /** @throws DomainError `upstream_invalid` where it must work */
  constructor(seed: MemberSeed, parts: MemberParts) {
    this.#parts = parts
    this.#keptAt = seed.list?.at
    const made = seed.problem ?? makeUpstream(seed.config, parts)
    if (made instanceof DomainError && seed.mustWork) throw made
    this.upstream = made instanceof Upstream ? made : undefined
    this.#listError = made instanceof Upstream ? undefined : problemOf(made)
    this.#state = firstState(seed, this.upstream, this.#listError)
    this.health = new Health({
      clock: parts.clock,
      rule: parts.pauseRule,
      probe: this.#state.canList ? () => void this.look() : undefined,
      onChange: () => this.#healthChanged(),
    })
    this.#onEnd = (ending) => this.health.ended(ending)
  }

  get state(): UpstreamState {
    return this.#state
  }

  /** Sends one call, whether it is paused or not. */
  send(call: UpstreamCall, limits: AttemptLimits, sink: UpstreamSink): Promise<SendOutcome> {
    const { upstream } = this
    if (!upstream) {
      const message = `the upstream "${call.upstreamId}" cannot be used`
      return Promise.resolve({ kind: 'failed', began: false, reason: 'unreachable', message })
    }
    this.health.began()
    const path = upstream.callPath(call.path, call.model)
    return upstream.exchange({ method: 'POST', path, body: call.body, limits }, sink, this.#onEnd)
  }

  /** Looks at the model list, and again soon where that failed. Never rejects; a second call joins the first. */
  look(): Promise<void> {
    return this.#looking.run('', () => this.#look())
  }

  /** Changes what an operator says of it; its connections stay. */
  change(changes: { isEnabled?: boolean; order?: number }): void {
    const { order, ...rest } = changes
    const config = order === undefined ? this.#state.config : { ...this.#state.config, order }
    this.#state = { ...this.#state, ...rest, config }
  }

  /** Lets its running calls end and then closes. */
  async retire(): Promise<void> {
    this.#stop()
    await this.upstream?.retire()
  }

  async close(): Promise<void> {
    this.#stop()
    await this.upstream?.close()
  }

  #stop(): void {
    this.#isClosed = true
    clearTimeout(this.#again)
    this.health.close()
  }

  async #look(): Promise<void> {
    if (!this.upstream || !this.#state.isEnabled || this.#isClosed) return
    clearTimeout(this.#again)
    const answer = await askForModels(this.upstream)
    if (this.#isClosed) return
    if ('error' in answer) this.#missed(answer)
    else await this.#read(answer.models)
  }

  #missed({ error, look }: Extract<ModelListAnswer, { error: string }>): void {
    const { onEvent, pauseRule, clock, onChange } = this.#parts
    this.#listError = error
    this.#set({ checkedAt: clock.now(), isStale: this.#state.modelsAt !== undefined })
    this.health.looked(look, error)
    onEvent('upstream_models_failed', { upstream: this.#state.config.id, error })
    onChange()
    // A pause has a timer of its own.
    if (this.health.pausedUntil !== undefined) return
    const waitMs = Math.min(pauseRule.firstMs * 2 ** this.#misses, pauseRule.maxMs)
    this.#misses += 1
    this.#again = setTimeout(() => void this.look(), waitMs).unref()
  }

  async #read(found: UpstreamState['models']): Promise<void> {
    const { onEvent, clock, onChange } = this.#parts
    const now = clock.now()
    const isSame = isDeepStrictEqual(found, this.#state.models)
    const models = isSame ? this.#state.models : found
    this.#misses = 0
    this.#listError = undefined
    this.#set({ models, modelsAt: now, checkedAt: now, isStale: false })
    if (this.#state.canList) this.health.looked('good')
    onEvent('upstream_models_read', { upstream: this.#state.config.id, models: models.length })
    onChange()
    const isFresh = this.#keptAt !== undefined && now - this.#keptAt < KEEP_AGAIN_MS
    if (!this.#state.canList || (isSame && isFresh)) return
    await this.#keep({ models, at: now })
  }

  /** A list that cannot be kept costs the next start a moment, no more. */
  async #keep(list: KeptList): Promise<void> {
    const { keepList, onEvent } = this.#parts
    const { id } = this.#state.config
    try {
      await keepList?.(id, list)
      this.#keptAt = list.at
    } catch (error) {
      onEvent('upstream_list_not_kept', { upstream: id, error })
    }
  }

  #healthChanged(): void {
    const { onEvent, onChange } = this.#parts
    const { pausedUntil, lastError } = this.health
    const { id } = this.#state.config
    this.#set({ pausedUntil })
    if (pausedUntil === undefined) onEvent('upstream_resumed', { upstream: id })
    else onEvent('upstream_paused', { upstream: id, until: pausedUntil, error: lastError })
    onChange()
  }

  #set(changes: Partial<UpstreamState>): void {
    const lastError = this.health.lastError ?? this.#listError
    this.#state = { ...this.#state, ...changes, lastError }
  }
}

function firstState(
  { config, origin, isEnabled, list }: MemberSeed,
  upstream: Upstream | undefined,
  lastError: string | undefined,
): UpstreamState {
  return {
    config,
    origin,
    isEnabled: isEnabled && upstream !== undefined,
    canList: upstream?.provider.modelsPath !== undefined,
    models: list?.models ?? [],
    modelsAt: list?.at,
    isStale: list !== undefined,
    lastError,
    checkedAt: undefined,
    pausedUntil: undefined,
  }
}

function makeUpstream(config: UpstreamConfig, parts: MemberParts): Upstream | DomainError {
  try {
    return new Upstream(config, parts.connectMs, parts.deadlines)
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

function problemOf(problem: DomainError | string): string {
  return typeof problem === 'string' ? problem : problem.message
}
