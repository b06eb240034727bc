import { DomainError, type LogLine, sleep } from '../../lib/index.ts'
import type { EndState } from './machine.ts'
import { runOperation, type Steps } from './run-operation.ts'

const QUICK_FIRST_MS = 10
const QUICK_MAX_MS = 500
const SLOW_FIRST_MS = 1_000
const SLOW_MAX_MS = 300_000
const RESUMED_AT_ONCE = 8

/** `saved`: its request was never sent. `repeated`: it may have been. */
export type Start = 'saved' | 'repeated'
/** Waits before the next attempt, at least as long as the mint asked for. */
export type Pause = (atLeastMs: number) => Promise<void>

interface Options {
  readonly prepare: (id: string, start: { from: Start; pause: Pause }) => Promise<Steps>
  readonly onEvent: LogLine
}

/** Runs operations, each at most once at a time: quickly while somebody waits for it, else with growing pauses. */
export class Runner {
  readonly #options: Options
  readonly #running = new Map<string, Running>()
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Starts or joins an operation and waits for its end, at most `waitMs`. Undefined: it goes on without being waited for. */
  async decide(id: string, { from, waitMs }: { from: Start; waitMs: number }): Promise<EndState | undefined> {
    return this.#start(id, from).join(waitMs)
  }

  /** Takes operations up again, and returns when each was tried once; what is undecided goes on in the background. */
  async resume(ids: readonly string[]): Promise<void> {
    const waiting = [...ids]
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
        await this.#start(id, 'repeated').tried
    }
    await Promise.all(Array.from({ length: RESUMED_AT_ONCE }, work))
  }

  /** Stops between two steps; what is under way is taken up by the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    const all = [...this.#running.values()]
    for (const each of all) each.stop()
    await Promise.all(all.map(({ ended }) => ended))
  }

  #start(id: string, from: Start): Running {
    if (this.#isClosed) throw stopped()
    const known = this.#running.get(id)
    if (known) return known
    const fresh = new Running(async (pause) =>
      runOperation(from, await this.#options.prepare(id, { from, pause })),
    )
    this.#running.set(id, fresh)
    void this.#forget(id, fresh)
    return fresh
  }

  async #forget(id: string, ended: Running): Promise<void> {
    const error = await ended.ended
    this.#running.delete(id)
    if (error === undefined || this.#isClosed) return
    const why = error instanceof Error ? error.message : 'unknown'
    this.#options.onEvent('cashu_operation_broke_off', { operation: id, why })
  }
}

/** One operation under way. */
class Running {
  /** Resolves when it was decided, has broken off, or waits for its second attempt. */
  readonly tried: Promise<void>
  /** Resolves when it is over: with what broke it off, if something did. */
  readonly ended: Promise<unknown>
  readonly #decided: Promise<EndState>
  readonly #markTried: () => void
  #waiters = 0
  #pauses = 0
  #wake = new AbortController()
  #isStopped = false

  constructor(work: (pause: Pause) => Promise<EndState>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.tried = promise
    this.#markTried = resolve
    this.#decided = work((atLeastMs) => this.#pause(atLeastMs)).finally(resolve)
    this.ended = this.#decided.then(
      () => undefined,
      (error: unknown) => error ?? 'unknown',
    )
  }

  async join(waitMs: number): Promise<EndState | undefined> {
    const enough = new AbortController()
    this.#waiters += 1
    this.#hurry()
    try {
      return await Promise.race([this.#decided, sleep(waitMs, enough.signal).then(() => undefined)])
    } finally {
      enough.abort()
      this.#waiters -= 1
      if (this.#waiters === 0) this.#pauses = 0
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#wake.abort()
  }

  #hurry(): void {
    if (this.#waiters > 1) return
    this.#pauses = 0
    this.#wake.abort()
    this.#wake = new AbortController()
  }

  async #pause(atLeastMs: number): Promise<void> {
    this.#markTried()
    if (this.#isStopped) throw stopped()
    const [first, most] = this.#waiters > 0 ? [QUICK_FIRST_MS, QUICK_MAX_MS] : [SLOW_FIRST_MS, SLOW_MAX_MS]
    const pauseMs = Math.max(atLeastMs, Math.min(first * 2 ** this.#pauses, most))
    this.#pauses += 1
    await sleep(pauseMs, this.#wake.signal)
    if (this.#isStopped) throw stopped()
  }
}

function stopped(): DomainError {
  return new DomainError(
    'node_stopping',
    'The node is stopping. Nothing is lost; send the same request again later.',
    {
      retryAfterS: 5,
    },
  )
}
