import { setImmediate } from 'node:timers/promises'
import type { ModelInfo, Provider } from '@pydantic/genai-prices'
import { type Clock, getJson, type Live, SingleFlight } from '../../../lib/index.ts'
import type { Storage } from '../../../storage/index.ts'
import type { CatalogLog } from '../../events.ts'
import { Repeat } from '../../repeat.ts'
import { bundled, type ProviderSource } from '../provider-source.ts'
import type { FreshList, Refusal } from './fresh-list.ts'
import { merge, sift } from './merge.ts'
import { loadPrices, type SavedPrices, savePrices, type Taken } from './price-store.ts'
import { GENAI_PRICES, ownPriceSource, type PriceSource } from './price-source.ts'

export interface FreshPricesOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly log: CatalogLog
  /** Whether a third party may be asked (`PRICE_REFRESH`). */
  readonly isOn: Live<boolean>
  /** The enabled upstreams, in the operator's order. Those that publish prices are asked for them in any case. */
  readonly upstreams: () => readonly { readonly type: string; readonly url: string }[]
  readonly thirdParty?: PriceSource
  readonly timeoutMs?: number
}

interface Changes {
  readonly taken: Taken
  readonly count: number
  readonly refused: readonly Refusal[]
}

const EVERY_MS = 6 * 60 * 60_000
const TIMEOUT_MS = 30_000
const MAX_BYTES = 16 * 1024 * 1024
const MAX_REFUSALS_LOGGED = 20

/**
 * Providers' price lists with what was read at run time on top. What a source says wrongly is logged and changes nothing;
 * what it does not mention stays as it was.
 */
export class FreshPrices implements ProviderSource {
  readonly #options: FreshPricesOptions
  readonly #saved: Map<string, SavedPrices>
  readonly #flight = new SingleFlight<void>()
  readonly #repeat: Repeat
  readonly #ended = new AbortController()
  readonly #unsubscribe: () => void
  #lists = new Map<string, Provider>()
  #revision = 0

  private constructor(options: FreshPricesOptions, saved: Map<string, SavedPrices>) {
    this.#options = options
    this.#saved = saved
    this.#repeat = new Repeat({
      work: () => this.refresh(),
      isWanted: () => options.upstreams().length > 0 && this.#sources().length > 0,
      failed: (error) => options.log('job_failed', { job: 'prices', error }),
    })
    this.#unsubscribe = options.isOn.onChange(() => {
      this.#rebuild()
      this.#repeat.wake()
    })
    this.#rebuild()
  }

  /** Loads what was read in earlier runs. Asks nobody. */
  static async open(options: FreshPricesOptions): Promise<FreshPrices> {
    return new FreshPrices(options, await loadPrices(options.storage))
  }

  get revision(): number {
    return this.#revision
  }

  provider(id: string): Provider | undefined {
    return this.#lists.get(id) ?? bundled.provider(id)
  }

  /** Asks every source once. Never rejects for what a source does. */
  refresh(): Promise<void> {
    if (this.#ended.signal.aborted) return Promise.resolve()
    return this.#flight.run('refresh', async () => {
      for (const source of this.#sources()) await this.#ask(source)
    })
  }

  /** Refreshes now and then about every `everyMs`. */
  start(everyMs: number = EVERY_MS): void {
    this.#repeat.start(everyMs)
  }

  /** The hosts that are asked. */
  egress(): readonly string[] {
    return [...new Set(this.#sources().map(({ url }) => new URL(url).host))]
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#repeat.stop()
    this.#ended.abort()
    // Waits for a refresh that runs; otherwise there is nothing to do.
    await this.#flight.run('refresh', () => Promise.resolve()).catch(() => undefined)
  }

  /** An upstream's own word comes last, so that it counts more than a third party's. */
  #sources(): readonly PriceSource[] {
    const { isOn, upstreams, thirdParty = GENAI_PRICES } = this.#options
    const own = upstreams().map(ownPriceSource)
    const all = [isOn.get() ? thirdParty : undefined, ...own].filter((source) => source !== undefined)
    return [...new Map(all.map((source) => [source.name, source])).values()]
  }

  async #ask(source: PriceSource): Promise<void> {
    const { log, clock, storage, timeoutMs = TIMEOUT_MS } = this.#options
    const { signal } = this.#ended
    try {
      const json = await getJson(source.url, { timeoutMs, maxBytes: MAX_BYTES, signal })
      const lists = source.read(json)
      if (lists === undefined) throw new Error('sent something that is no price list')
      const { taken, count, refused } = await this.#sift(source, lists)
      await savePrices(storage, source.name, { taken, at: clock.now() })
      this.#saved.set(source.name, { taken, at: clock.now() })
      if (count > 0) this.#rebuild()
      for (const one of refused.slice(0, MAX_REFUSALS_LOGGED))
        log('price_refused', { source: source.name, ...one })
      log('prices_read', { source: source.name, changed: count, refused: refused.length })
    } catch (error) {
      if (signal.aborted) return
      log('prices_failed', { source: source.name, why: error instanceof Error ? error.message : 'failed' })
    }
  }

  /** What a source has given so far, with the changes that are taken now. */
  async #sift(source: PriceSource, lists: readonly FreshList[]): Promise<Changes> {
    const taken = new Map<string, ReadonlyMap<string, ModelInfo>>(this.#saved.get(source.name)?.taken)
    const refused: Refusal[] = []
    let count = 0
    for (const list of lists) {
      // A long list takes tens of milliseconds; calls that run must not wait for all of them.
      await setImmediate()
      const sifted = this.#siftList(source, list)
      refused.push(...list.refused, ...sifted.refused)
      count += sifted.taken.length
      const models = sifted.taken.map((model) => [model.id, model] as const)
      if (models.length > 0)
        taken.set(list.provider, new Map([...(taken.get(list.provider) ?? []), ...models]))
    }
    return { taken, count, refused }
  }

  /** A third party is held to the package's prices as well, or a lie of ten times could be told every six hours. */
  #siftList(source: PriceSource, { provider, models }: FreshList): ReturnType<typeof sift> {
    const now = this.#options.clock.now()
    const sifted = sift(this.#listOf(provider), models, now)
    const packaged = bundled.provider(provider)
    const { thirdParty = GENAI_PRICES } = this.#options
    if (source.name !== thirdParty.name || packaged === undefined) return sifted
    const { refused } = sift(packaged, sifted.taken, now)
    const names = new Set(refused.map(({ model }) => model))
    return {
      taken: sifted.taken.filter(({ id }) => !names.has(id)),
      refused: [...sifted.refused, ...refused],
    }
  }

  #listOf(id: string): Provider {
    return this.provider(id) ?? { id, name: id, api_pattern: '', models: [] }
  }

  /** Makes the lists anew from what came with the package and what the sources that count now have given. */
  #rebuild(): void {
    this.#lists = new Map()
    for (const { name } of this.#sources()) {
      for (const [id, models] of this.#saved.get(name)?.taken ?? [])
        this.#lists.set(id, merge(this.#listOf(id), [...models.values()]))
    }
    this.#revision += 1
  }
}
