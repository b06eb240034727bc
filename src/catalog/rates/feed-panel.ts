import { type Clock, getJson } from '../../lib/index.ts'
import type { CatalogLog } from '../events.ts'
import type { Feed, FeedReading } from './feed.ts'
import { type Answer, isPlausible } from './quorum.ts'

/** How a feed fared when it was last asked. */
export interface FeedState {
  readonly name: string
  readonly host: string
  /** Unix milliseconds of the last answer that counted. */
  readonly answeredAt: number | undefined
  /** Why its last answer did not count. */
  readonly lastError: string | undefined
}

interface FeedPanelOptions {
  readonly feeds: readonly Feed[]
  readonly clock: Clock
  readonly log: CatalogLog
  /** For each feed. */
  readonly timeoutMs: number
}

const MAX_BYTES = 64 * 1024
/** What a feed itself calls older than this does not count. */
const MAX_QUOTE_AGE_MS = 10 * 60_000

/** The feeds, asked together, and how each of them fares. */
export class FeedPanel {
  readonly #options: FeedPanelOptions
  readonly #states = new Map<string, FeedState>()

  constructor(options: FeedPanelOptions) {
    this.#options = options
  }

  states(): readonly FeedState[] {
    return this.#options.feeds.map((feed) => this.#stateOf(feed))
  }

  failing(): readonly string[] {
    return this.states().flatMap(({ name, lastError }) => (lastError === undefined ? [] : [name]))
  }

  /** One answer of each feed that gives one in time; `outliersOf` says which of them are not to be believed. */
  async ask(
    signal: AbortSignal,
    outliersOf: (answers: readonly Answer[]) => readonly string[],
  ): Promise<void> {
    const { feeds } = this.#options
    const found = await Promise.all(
      feeds.map(async (feed) => ({ feed, said: await this.#askOne(feed, signal) })),
    )
    if (signal.aborted) return
    const outliers = outliersOf(
      found.flatMap(({ feed, said }) => (typeof said === 'string' ? [] : [{ feed: feed.name, cents: said }])),
    )
    for (const { feed, said } of found) {
      if (typeof said === 'string') this.#note(feed, said)
      else this.#note(feed, outliers.includes(feed.name) ? 'is far from what the others say' : undefined)
    }
  }

  /** A feed's price in cents, or why its answer does not count. Never rejects. */
  async #askOne(feed: Feed, signal: AbortSignal): Promise<bigint | string> {
    const { timeoutMs } = this.#options
    const json = await getJson(feed.url, { timeoutMs, maxBytes: MAX_BYTES, signal }).catch(asError)
    return json instanceof Error ? json.message : this.#judge(feed.read(json))
  }

  #judge(found: FeedReading | undefined): bigint | string {
    if (found === undefined) return 'sent no price'
    const { cents, at } = found
    if (!isPlausible(cents)) return 'sent a price that cannot be'
    const ageMs = at === undefined ? 0 : this.#options.clock.now() - at
    return ageMs > MAX_QUOTE_AGE_MS ? `sent a price that is ${Math.round(ageMs / 60_000)} minutes old` : cents
  }

  /** Keeps how a feed fared, and logs when that turns. */
  #note(feed: Feed, error: string | undefined): void {
    const { clock, log } = this.#options
    const before = this.#stateOf(feed)
    const answeredAt = error === undefined ? clock.now() : before.answeredAt
    this.#states.set(feed.name, { ...before, answeredAt, lastError: error })
    if ((before.lastError === undefined) === (error === undefined)) return
    if (error === undefined) log('rate_feed_recovered', { feed: feed.name })
    else log('rate_feed_failed', { feed: feed.name, reason: error })
  }

  #stateOf({ name, url }: Feed): FeedState {
    const host = new URL(url).host
    return this.#states.get(name) ?? { name, host, answeredAt: undefined, lastError: undefined }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('failed')
}
