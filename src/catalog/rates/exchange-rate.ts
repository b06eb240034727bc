import { type Clock, DomainError, type Live, SingleFlight } from '../../lib/index.ts'
import type { BtcUsd } from '../../money/index.ts'
import type { Storage } from '../../storage/index.ts'
import type { CatalogLog } from '../events.ts'
import { Repeat } from '../repeat.ts'
import type { Feed } from './feed.ts'
import { FeedPanel, type FeedState } from './feed-panel.ts'
import { FEEDS } from './feeds.ts'
import { type Agreement, type Answer, agree, confirms, isJump, QUORUM } from './quorum.ts'
import { type GoodRate, loadRate, saveRate } from './rate-store.ts'

export interface ExchangeRateOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** A fixed rate; `off` for none at all; undefined to ask the feeds. */
  readonly fixed: Live<BtcUsd | 'off' | undefined>
  readonly log: CatalogLog
  readonly feeds?: readonly Feed[]
  /** Whether a rate is needed: while nothing is for sale, nobody is contacted. */
  readonly isWanted?: () => boolean
  /** For each feed. Default 5 s. */
  readonly timeoutMs?: number
  /** How long a rate holds after the quorum that made it. Default 30 minutes. */
  readonly maxAgeMs?: number
}

const TIMEOUT_MS = 5000
const MAX_AGE_MS = 30 * 60_000
/** With a third more or less of it: every 60 to 120 s. */
const EVERY_MS = 90_000
const RETRY_AFTER_S = 60

/** The price of bitcoin in dollars: fixed by the operator, or what a quorum of public feeds agrees on. */
export class ExchangeRate {
  readonly #options: ExchangeRateOptions
  readonly #panel: FeedPanel
  readonly #flight = new SingleFlight<void>()
  readonly #repeat: Repeat
  readonly #ended = new AbortController()
  readonly #unsubscribe: () => void
  #good: GoodRate | undefined
  /** A rate far from the last one, which the next look has to confirm. */
  #jump: bigint | undefined
  /** What came of the last look where it was not a rate; a clause about the node. */
  #trouble: string | undefined

  private constructor(options: ExchangeRateOptions, good: GoodRate | undefined) {
    const { feeds = FEEDS, clock, log, timeoutMs = TIMEOUT_MS } = options
    this.#options = options
    this.#panel = new FeedPanel({ feeds, clock, log, timeoutMs })
    this.#good = good
    this.#repeat = new Repeat({
      work: () => this.refresh(),
      isWanted: () => this.#mayAsk(),
      failed: (error) => log('job_failed', { job: 'exchange_rate', error }),
    })
    this.#unsubscribe = options.fixed.onChange(() => this.#repeat.wake())
  }

  /** Loads the last good rate. Asks nobody. */
  static async open(options: ExchangeRateOptions): Promise<ExchangeRate> {
    return new ExchangeRate(options, await loadRate(options.storage))
  }

  /** @throws DomainError `rate_unavailable` where there is none that is young enough; the message says since when, and why */
  rate(): BtcUsd {
    const fixed = this.#options.fixed.get()
    if (fixed !== undefined && fixed !== 'off') return fixed
    const good = this.#good
    if (good === undefined || fixed === 'off' || !this.#isYoung(good)) throw this.#unavailable()
    return good.rate
  }

  /** What `rate` gives, with where it comes from; undefined where `rate` would throw. */
  current(): GoodRate | undefined {
    const fixed = this.#options.fixed.get()
    if (fixed === 'off') return undefined
    if (fixed !== undefined) return { rate: fixed, at: this.#options.clock.now(), feeds: [] }
    return this.#good !== undefined && this.#isYoung(this.#good) ? this.#good : undefined
  }

  /** Every feed as it was last found. */
  feeds(): readonly FeedState[] {
    return this.#panel.states()
  }

  /** The hosts that are asked; none with a fixed rate. */
  egress(): readonly string[] {
    return this.#options.fixed.get() === undefined ? this.#panel.states().map(({ host }) => host) : []
  }

  /**
   * Asks all feeds at once and takes over what they agree on. Whoever asks meanwhile waits for the same look. Without a
   * need (a fixed rate, `off`, nothing for sale) nobody is asked.
   */
  refresh(): Promise<void> {
    if (!this.#mayAsk()) return Promise.resolve()
    return this.#flight.run('look', () => this.#look())
  }

  /** Looks now and then about every `everyMs`, whenever a rate is needed. */
  start(everyMs: number = EVERY_MS): void {
    this.#repeat.start(everyMs)
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#repeat.stop()
    this.#ended.abort()
    // Waits for a look that runs; otherwise there is nothing to do.
    await this.#flight.run('look', () => Promise.resolve()).catch(() => undefined)
  }

  #mayAsk(): boolean {
    const { fixed, isWanted } = this.#options
    return !this.#ended.signal.aborted && fixed.get() === undefined && (isWanted?.() ?? true)
  }

  async #look(): Promise<void> {
    let agreed: Agreement | undefined
    let answers: readonly Answer[] = []
    await this.#panel.ask(this.#ended.signal, (given) => {
      answers = given
      agreed = agree(given)
      return agreed?.outliers ?? []
    })
    if (this.#ended.signal.aborted) return
    if (agreed === undefined) this.#refuse(answers)
    else await this.#take(agreed)
  }

  async #take({ cents, feeds }: Agreement): Promise<void> {
    const { log, clock, storage } = this.#options
    const last = this.#good?.rate.centsPerBtc
    const isConfirmed = confirms(cents, this.#jump)
    this.#jump = undefined
    if (last !== undefined && isJump(cents, last) && !isConfirmed) {
      this.#jump = cents
      this.#trouble = 'waits for a large change of it to be confirmed'
      log('rate_refused', { reason: 'unconfirmed_jump', from: dollars(last), to: dollars(cents) })
      return
    }
    const hadNone = this.current() === undefined
    const good = { rate: { centsPerBtc: cents }, at: clock.now(), feeds }
    await saveRate(storage, good)
    this.#good = good
    this.#trouble = undefined
    if (hadNone || isConfirmed) log('rate_found', { usd: dollars(cents), feeds })
  }

  #refuse(answers: readonly Answer[]): void {
    const isTooFew = answers.length < QUORUM
    this.#jump = undefined
    this.#trouble = isTooFew
      ? `got usable answers from ${answers.length} feeds, of the ${QUORUM} that it needs`
      : 'got answers from feeds that disagree'
    this.#options.log('rate_refused', {
      reason: 'no_quorum',
      answers: answers.map(({ feed, cents }) => `${feed} ${dollars(cents)}`),
    })
  }

  /** A clock that was set back makes a rate as doubtful as one that runs on. */
  #isYoung({ at }: GoodRate): boolean {
    const { clock, maxAgeMs = MAX_AGE_MS } = this.#options
    return Math.abs(clock.now() - at) <= maxAgeMs
  }

  #unavailable(): DomainError {
    const since = this.#good && new Date(this.#good.at).toISOString()
    const failing = this.#panel.failing()
    return new DomainError('rate_unavailable', `${this.#whyNone(since, failing)} Nothing was charged.`, {
      details: { since: since ?? null, feeds_failing: failing },
      retryAfterS: RETRY_AFTER_S,
    })
  }

  #whyNone(since: string | undefined, failing: readonly string[]): string {
    const { fixed, isWanted } = this.#options
    if (fixed.get() === 'off') {
      return 'Calls priced in dollars are not sold here: the operator has turned the price of bitcoin off (FAREBOX_BTC_USD=off).'
    }
    // Nobody was asked, so this is no failure of the feeds.
    if (isWanted?.() === false) {
      return 'No upstream is set or enabled here, so nothing is for sale and nobody was asked for the price of bitcoin.'
    }
    return `${this.#excuse(since, failing)} Calls priced in dollars are stopped until it knows one; try again in ${RETRY_AFTER_S} s.`
  }

  #excuse(since: string | undefined, failing: readonly string[]): string {
    const age =
      since === undefined
        ? 'has not found a price of bitcoin yet'
        : `last knew a price of bitcoin at ${since}`
    const why = this.#trouble === undefined ? '' : `; it ${this.#trouble}`
    const who = failing.length === 0 ? '' : ` (failing: ${failing.join(', ')})`
    return `The node ${age}${why}${who}.`
  }
}

function dollars(cents: bigint): string {
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}
