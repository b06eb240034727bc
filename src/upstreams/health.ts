import type { Clock } from '../lib/index.ts'
import type { Ending } from './upstream.ts'

export interface PauseRule {
  /** So many faults in a row, without a good call between them, pause an upstream. */
  readonly after: number
  /** The first pause; each that follows without a good call between is twice as long. */
  readonly firstMs: number
  readonly maxMs: number
}

export const PAUSE_RULE: PauseRule = { after: 3, firstMs: 30_000, maxMs: 600_000 }

export const NO_PAUSES: PauseRule = { ...PAUSE_RULE, after: Infinity }

/** How long a caller is told to wait while the one call that tries a paused upstream runs. */
const TRIAL_WAIT_MS = 5000

/**
 * - `well`: gets calls.
 * - `paused`: gets none; a timer ends that with a look at its model list.
 * - `proving`: the list came, so it gets calls again; but one fault pauses it longer than before.
 * - `trial`: no list tells, so a single call tries it; `trying` while that call runs.
 */
type Phase = 'well' | 'paused' | 'proving' | 'trial' | 'trying'

/**
 * A look at the model list: it came; the upstream is away; it refused our key, which for some keys means the list only;
 * or its answer says nothing of calls.
 */
export type Look = 'good' | 'down' | 'refused' | 'unclear'

interface HealthOptions {
  readonly clock: Clock
  readonly rule: PauseRule
  /** Looks at the model list; undefined where there is none. Ends with `looked`. */
  readonly probe: (() => void) | undefined
  /** Called when a pause begins or ends. */
  readonly onChange: () => void
}

/** Whether an upstream should get calls, from how its calls and the looks at its model list went. */
export class Health {
  readonly #options: HealthOptions
  #phase: Phase = 'well'
  #faults = 0
  #pauses = 0
  #until = 0
  #limitedUntil = 0
  #timer: NodeJS.Timeout | undefined
  #lastError: string | undefined

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** Milliseconds until it may get a call, 0 for now. */
  wait(): number {
    if (this.#phase === 'well' && this.#limitedUntil === 0) return 0
    const now = this.#options.clock.now()
    if (this.#phase === 'paused') return Math.max(1, this.#until - now)
    if (this.#phase === 'trying') return TRIAL_WAIT_MS
    if (this.#limitedUntil > now) return this.#limitedUntil - now
    this.#limitedUntil = 0
    return 0
  }

  /** Whether it asked us to slow down. */
  get isLimited(): boolean {
    return this.#limitedUntil > this.#options.clock.now()
  }

  /** Unix milliseconds; undefined unless it is paused for faults. */
  get pausedUntil(): number | undefined {
    return this.#phase === 'paused' ? this.#until : undefined
  }

  /** The fault that paused it. */
  get lastError(): string | undefined {
    return this.#phase === 'well' ? undefined : this.#lastError
  }

  /** A call begins. In a trial no other may until it has ended. */
  began(): void {
    if (this.#phase === 'trial') this.#phase = 'trying'
  }

  /** A call has ended. What its caller is to blame for, or hung up on, says nothing. */
  ended(ending: Ending): void {
    const fault = faultOf(ending)
    if (fault !== undefined) return this.#failed(fault)
    if (ending.status === 429) this.#limit(ending.retryAfter)
    else if (isGood(ending)) return this.#recovered()
    if (this.#phase === 'trying') this.#phase = 'trial'
  }

  /** A look at the model list has ended. `error` without secrets. */
  looked(look: Look, error = ''): void {
    if (look === 'good') {
      if (this.#phase === 'paused') this.#resume('proving')
      else if (this.#phase === 'well') this.#faults = 0
    } else if (this.#phase === 'paused') {
      if (look === 'down') this.#pause(error)
      else this.#resume('trial')
    } else if (this.#phase === 'well' && look !== 'unclear') this.#failed(error)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #failed(error: string): void {
    // The calls that were under way when the pause began say nothing new.
    if (this.#phase === 'paused') return
    this.#faults += 1
    if (this.#phase !== 'well' || this.#faults >= this.#options.rule.after) this.#pause(error)
  }

  #pause(error: string): void {
    const { rule, clock, onChange } = this.#options
    const ms = Math.min(rule.firstMs * 2 ** this.#pauses, rule.maxMs)
    this.#pauses += 1
    this.#phase = 'paused'
    this.#lastError = error
    this.#until = clock.now() + ms
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#probe(), ms)
    this.#timer.unref()
    onChange()
  }

  #probe(): void {
    const { probe } = this.#options
    if (probe) probe()
    else this.#resume('trial')
  }

  #resume(phase: 'proving' | 'trial'): void {
    clearTimeout(this.#timer)
    this.#phase = phase
    this.#options.onChange()
  }

  #recovered(): void {
    this.#faults = 0
    if (this.#phase === 'well') return
    // One that was under way and ended well: the faults were some calls', not the upstream's.
    if (this.#phase === 'paused') return this.#resume('proving')
    this.#pauses = 0
    this.#phase = 'well'
    this.#options.onChange()
  }

  #limit(retryAfter: string | undefined): void {
    const { after, maxMs } = this.#options.rule
    if (after === Infinity || retryAfter === undefined || !/^\d{1,6}$/.test(retryAfter)) return
    const ms = Math.min(Number(retryAfter) * 1000, maxMs)
    this.#limitedUntil = Math.max(this.#limitedUntil, this.#options.clock.now() + ms)
  }
}

function isGood({ status, outcome }: Ending): boolean {
  return outcome.kind === 'ended' && status !== undefined && status >= 200 && status < 300
}

/** Why a call that ended so is the upstream's fault or the operator's, as one sentence; undefined where it is not. */
function faultOf({ status, outcome, isOurs }: Ending): string | undefined {
  if (isOurs) return undefined
  if (outcome.kind === 'failed') {
    return outcome.reason === 'aborted' ? undefined : `${outcome.reason}: ${outcome.message}`
  }
  if (status === undefined) return undefined
  if (status === 401 || status === 403) return `it answered ${status}; check its key`
  if (status === 402) return 'it answered 402; look at the balance there'
  return status >= 500 || (status >= 300 && status < 400) ? `it answered ${status}` : undefined
}
