import type { Clock } from '../lib/index.ts'
import type { Storage, Vault } from '../storage/index.ts'
import type { AttemptLimits } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import { NO_PAUSES, PAUSE_RULE, type PauseRule } from './health.ts'
import { Member, type MemberParts, type MemberSeed, type OnEvent } from './member.ts'
import { askOneToken, type TestCall } from './one-token.ts'
import { OPENAI_QUIRKS, type Quirks } from './providers/index.ts'
import { EVERY_UPSTREAM, type ModelRule, readRule, type RuleInput } from './rules.ts'
import type {
  SendOutcome,
  Timeouts,
  UpstreamCall,
  UpstreamConfig,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
import { alreadyThere, type Kept, UpstreamStore } from './upstream-store.ts'
import { lockedUpstream, notAnUpstream, readNewUpstream, unusable, withoutModels } from './wishes.ts'

const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5_000,
  firstByteMs: 120_000,
  // Below the 600 s after which the official SDKs hang up by themselves.
  wholeFirstByteMs: 570_000,
  idleMs: 60_000,
  totalMs: 1_800_000,
}

/** So much of a key names it; masked quotes show about as much. */
const KEY_START = 8

interface CommonOptions {
  timeouts?: Partial<Timeouts>
  clock: Clock
  /** When an upstream that keeps failing is paused, and for how long; `off`: never. */
  pauses?: Partial<PauseRule> | 'off' | undefined
  /** For the log. `fields` hold the upstream's id, counts and error sentences; never a key or a body. */
  onEvent?: OnEvent
}

export interface UpstreamsOptions extends CommonOptions {
  configs: readonly UpstreamConfig[]
}

interface OpenOptions extends CommonOptions {
  storage: Storage
  vault: Vault
  /** What the environment declares. */
  declared: readonly UpstreamConfig[]
}

/** Why an upstream gets no calls now, and when to come again. */
interface Unavailable {
  readonly retryAfterS: number
  /** Whether it asked us to slow down, rather than failed. */
  readonly isLimited: boolean
}

/** All upstreams: what they offer, and one attempt at one of them. Choosing and failing over is the proxy's. */
export class Upstreams {
  readonly #members = new Map<string, Member>()
  /** Removed ones whose calls still run. */
  readonly #retiring = new Set<Member>()
  readonly #deadlines: Deadlines
  readonly #parts: MemberParts
  readonly #store: UpstreamStore | undefined
  readonly #streamed: AttemptLimits
  readonly #whole: AttemptLimits
  #states: readonly UpstreamState[] = []
  #rules: readonly ModelRule[] = []
  #changing: Promise<unknown> = Promise.resolve()

  /**
   * A room without a memory: what it is given is all there is, and it pauses nobody unless told to. Contacts nobody.
   * @throws DomainError `upstream_invalid`
   */
  constructor(options: UpstreamsOptions, kept?: { store: UpstreamStore; found: Kept }) {
    const { timeouts, clock, pauses = kept ? {} : 'off', onEvent, configs } = options
    const { connectMs, wholeFirstByteMs, ...limits } = { ...DEFAULT_TIMEOUTS, ...timeouts }
    this.#streamed = limits
    this.#whole = { ...limits, firstByteMs: wholeFirstByteMs }
    this.#deadlines = new Deadlines(tickFor([wholeFirstByteMs, ...Object.values(limits)]))
    this.#store = kept?.store
    this.#rules = kept?.found.rules ?? []
    this.#parts = {
      deadlines: this.#deadlines,
      connectMs,
      clock,
      pauseRule: pauses === 'off' ? NO_PAUSES : { ...PAUSE_RULE, ...pauses },
      onEvent: onEvent ?? (() => undefined),
      onChange: () => this.#publish(),
      keepList: kept && ((id, list) => kept.store.keepList(id, list)),
    }
    for (const seed of seedsOf(configs, kept?.found)) {
      this.#members.set(seed.config.id, new Member(seed, this.#parts))
    }
    this.#publish()
  }

  /**
   * The room with its memory: what the environment declares, and what the operator added. Contacts nobody.
   * @throws DomainError `upstream_invalid` for one that the environment declares
   */
  static async open({ storage, vault, declared, ...rest }: OpenOptions): Promise<Upstreams> {
    const store = new UpstreamStore({ storage, vault, clock: rest.clock })
    const found = await store.open(declared)
    return new Upstreams({ ...rest, configs: [] }, { store, found })
  }

  /** In the operator's order, disabled ones too. The same array until something of it changed; see `UpstreamState`. */
  states(): readonly UpstreamState[] {
    return this.#states
  }

  /** The operator's rules for models. The same array until one changed. */
  rules(): readonly ModelRule[] {
    return this.#rules
  }

  /**
   * Looks at the model list of one upstream, or of each at once; a slow one holds up nobody else's. A list that cannot
   * be had leaves the last good one in place. Never rejects; a second look meanwhile joins the first.
   */
  async refreshModels(id?: string): Promise<void> {
    const members = [...this.#members.values()]
    const wanted = members.filter(({ state }) => id === undefined || state.config.id === id)
    await Promise.all(wanted.map((member) => member.look()))
  }

  /** One attempt at one upstream. The sink gets the reply as it comes. Never rejects. */
  send(call: UpstreamCall, sink: UpstreamSink): Promise<SendOutcome> {
    const member = this.#members.get(call.upstreamId)
    if (!member) {
      const message = `there is no upstream "${call.upstreamId}"`
      return Promise.resolve({ kind: 'failed', began: false, reason: 'unreachable', message })
    }
    return member.send(call, call.stream ? this.#streamed : this.#whole, sink)
  }

  /** Why an upstream should get no call now: it kept failing, asked us to slow down, or is gone. Undefined where it should. */
  unavailable(id: string): Unavailable | undefined {
    const member = this.#members.get(id)
    if (!member?.state.isEnabled) return { retryAfterS: 1, isLimited: false }
    const waitMs = member.health.wait()
    if (waitMs === 0) return undefined
    return { retryAfterS: Math.ceil(waitMs / 1000), isLimited: member.health.isLimited }
  }

  /** How requests to an upstream must be written. */
  quirksOf(id: string): Quirks {
    return this.#members.get(id)?.upstream?.provider.quirks ?? OPENAI_QUIRKS
  }

  /**
   * Has a model answer with one token, by the way of every paid call, also where the upstream is disabled or paused.
   * Without a model, the first of its list. A failure is in the answer, with its cure.
   * @throws DomainError `upstream_unknown`, `upstream_invalid`, `upstream_without_models`
   */
  async test(id: string, model?: string): Promise<TestCall> {
    const { state, upstream } = this.#get(id)
    if (!upstream) throw unusable(state)
    const chosen = model ?? state.models[0]?.id
    if (chosen === undefined) throw withoutModels(state)
    return askOneToken({
      upstreamId: id,
      model: chosen,
      quirks: upstream.provider.quirks,
      send: (call, sink) => this.send(call, sink),
      withoutKey: (text) => this.withoutKey(id, text),
    })
  }

  /**
   * Adds an upstream and looks at its models in the background. It sells from then on.
   * @throws DomainError `upstream_invalid`, `upstream_exists`, `upstream_locked_by_environment`
   */
  add(input: Omit<UpstreamConfig, 'order'>): Promise<void> {
    return this.#change(async (store) => {
      const config = { ...readNewUpstream(input), order: 0 }
      const before = this.#members.get(config.id)
      if (before?.state.origin === 'table') throw alreadyThere(config.id)
      if (before?.state.isEnabled) throw lockedUpstream(config.id)
      const seed = { config, isEnabled: true, problem: undefined, list: undefined, mustWork: true }
      const member = new Member({ ...seed, origin: 'table' }, this.#parts)
      try {
        await store.add(config)
      } catch (error) {
        await member.close()
        throw error
      }
      this.#insert(member)
      void before?.close()
      void member.look()
    })
  }

  /** @throws DomainError `upstream_unknown`, `upstream_locked_by_environment` */
  async enable(id: string): Promise<void> {
    await this.#switch(id, true)
    void this.#members.get(id)?.look()
  }

  /** It sells nothing more; running calls go on. @throws DomainError as `enable` */
  disable(id: string): Promise<void> {
    return this.#switch(id, false)
  }

  /**
   * Forgets an upstream with its list and its rules. Running calls go on, and records of calls stay.
   * @throws DomainError as `enable`; one that the environment no longer declares may go
   */
  remove(id: string): Promise<void> {
    return this.#change(async (store) => {
      const member = this.#get(id)
      const { origin, isEnabled } = member.state
      if (origin === 'environment' && isEnabled) throw lockedUpstream(id)
      await store.remove(id)
      this.#members.delete(id)
      this.#rules = this.#rules.filter((rule) => rule.upstreamId !== id)
      this.#retire(member)
      this.#publish()
      this.#parts.onEvent('upstream_changed', { upstream: id, change: 'removed' })
    })
  }

  /**
   * Sets the one rule for a model at an upstream (`*`: at all); what the input leaves out is unset.
   * @throws DomainError `model_rule_invalid`, `upstream_unknown`
   */
  setRule(input: RuleInput): Promise<void> {
    return this.#change(async (store) => {
      const rule = readRule(input)
      if (rule.upstreamId !== EVERY_UPSTREAM) this.#get(rule.upstreamId)
      await store.setRule(rule)
      this.#rules = [...this.#rules.filter((other) => !isFor(other, rule)), rule]
    })
  }

  /** Drops a rule; there need not be one. */
  dropRule(upstreamId: string, model: string): Promise<void> {
    return this.#change(async (store) => {
      await store.dropRule(upstreamId, model)
      this.#rules = this.#rules.filter((rule) => !isFor(rule, { upstreamId, model }))
    })
  }

  /** A text of an upstream without the operator's key in it, which some quote when they refuse, whole or masked. */
  withoutKey(upstreamId: string, text: string): string {
    let clean = text
    for (const { state } of [...this.#members.values(), ...this.#retiring]) {
      const { id, key } = state.config
      if (id !== upstreamId || key === undefined) continue
      const start = RegExp.escape(key.slice(0, KEY_START))
      clean = clean.replaceAll(new RegExp(`${start}[^\\s"'<>,;]*`, 'g'), '[key]')
    }
    return clean
  }

  /** Ends every call (as `aborted`) and every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#members.values(), ...this.#retiring].map((member) => member.close()))
    this.#deadlines.close()
  }

  #get(id: string): Member {
    const member = this.#members.get(id)
    if (!member) throw notAnUpstream(id, [...this.#members.keys()])
    return member
  }

  #switch(id: string, isEnabled: boolean): Promise<void> {
    return this.#change(async (store) => {
      const member = this.#get(id)
      if (member.state.origin === 'environment') throw lockedUpstream(id)
      if (isEnabled && !member.upstream) throw unusable(member.state)
      await store.setEnabled(id, isEnabled)
      member.change({ isEnabled })
      this.#publish()
      this.#parts.onEvent('upstream_changed', { upstream: id, change: isEnabled ? 'enabled' : 'disabled' })
    })
  }

  /** Runs one change of the operator's at a time. */
  #change(work: (store: UpstreamStore) => Promise<void>): Promise<void> {
    const store = this.#store
    if (!store) return Promise.reject(new Error('upstreams without a database cannot be changed'))
    const change = this.#changing.then(() => work(store))
    this.#changing = change.catch(() => undefined)
    return change
  }

  /** Puts a member behind all that are declared, before what the environment forgot. */
  #insert(member: Member): void {
    const { id } = member.state.config
    this.#members.delete(id)
    const others = [...this.#members.values()]
    this.#members.clear()
    for (const one of [
      ...others.filter((other) => !isForgotten(other)),
      member,
      ...others.filter(isForgotten),
    ]) {
      this.#members.set(one.state.config.id, one)
    }
    for (const [order, one] of [...this.#members.values()].entries()) one.change({ order })
    this.#publish()
    this.#parts.onEvent('upstream_changed', { upstream: id, change: 'added' })
  }

  #retire(member: Member): void {
    this.#retiring.add(member)
    void member
      .retire()
      .catch(() => undefined)
      .finally(() => this.#retiring.delete(member))
  }

  #publish(): void {
    this.#states = [...this.#members.values()].map(({ state }) => state)
  }
}

/** Declared by the environment once, and no more. */
function isForgotten({ state }: Member): boolean {
  return state.origin === 'environment' && !state.isEnabled
}

function isFor(rule: ModelRule, other: Pick<ModelRule, 'upstreamId' | 'model'>): boolean {
  return rule.upstreamId === other.upstreamId && rule.model === other.model
}

function seedsOf(configs: readonly UpstreamConfig[], found: Kept | undefined): MemberSeed[] {
  if (!found) {
    return configs.map((config) => ({
      config,
      origin: 'environment',
      isEnabled: true,
      problem: undefined,
      list: undefined,
      mustWork: true,
    }))
  }
  return found.upstreams.map(({ config, ...rest }, order) => ({
    ...rest,
    config: { ...config, order },
    list: found.lists.get(config.id),
    // A wrong row must not stop the start; what the environment says wrong, must.
    mustWork: rest.origin === 'environment' && rest.problem === undefined,
  }))
}

/** A quarter of the shortest wait, so that no deadline is noticed much too late; at most half a second. */
function tickFor(waitsMs: readonly number[]): number {
  return Math.max(5, Math.min(500, Math.floor(Math.min(...waitsMs) / 4)))
}
