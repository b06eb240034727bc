import { type Clock, DomainError } from '../lib/index.ts'
import { type BtcUsd } from '../money/index.ts'
import { type Goods, type Offer } from './goods.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { nearNames } from './near-names.ts'
import { buildRoutes, type RouteTable } from './routes.ts'

export interface CatalogOptions {
  /** The goods of all enabled upstreams; a new array whenever any of them changed. */
  readonly goods: () => readonly Goods[]
  /** The exchange rate of new offers; may throw when there is none. */
  readonly rate: () => BtcUsd
  readonly priceLists: PriceLists
  readonly clock: Clock
}

interface Snapshot {
  readonly goods: readonly Goods[]
  readonly table: RouteTable
  readonly rate: BtcUsd
  readonly offers: ReadonlyMap<string, Offer>
  readonly list: readonly Offer[]
}

/**
 * What is for sale now. An offer never changes: a call that keeps the one it began with keeps its price and rate.
 * New offers are made when the goods, the exchange rate or a price bound to a date or hour changes.
 */
export class Catalog {
  readonly #options: CatalogOptions
  #snapshot: Snapshot | undefined

  constructor(options: CatalogOptions) {
    this.#options = options
  }

  /** @throws DomainError `model_not_found`; its message names models that look alike. */
  offerFor(model: string): Offer {
    const { offers } = this.#current()
    return offers.get(model) ?? notFound(model, offers.keys())
  }

  /** Everything for sale, by name. */
  list(): readonly Offer[] {
    return this.#current().list
  }

  #current(): Snapshot {
    const goods = this.#options.goods()
    const rate = this.#options.rate()
    const now = this.#options.clock.now()
    const last = this.#snapshot
    const keepsTable = last !== undefined && last.goods === goods && now < last.table.validUntil
    if (keepsTable && last.rate.centsPerBtc === rate.centsPerBtc) return last
    const table = keepsTable ? last.table : buildRoutes(goods, this.#options.priceLists, now)
    const offers = new Map<string, Offer>()
    for (const [model, routes] of table.byModel) offers.set(model, { model, routes, rate })
    const list = [...offers.values()].toSorted((a, b) => (a.model < b.model ? -1 : 1))
    this.#snapshot = { goods, table, rate, offers, list }
    return this.#snapshot
  }
}

function notFound(model: string, known: Iterable<string>): never {
  const shown = model.length > 100 ? `${model.slice(0, 100)}…` : model
  const near = nearNames(model, known)
  const advice =
    near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'GET /v1/models lists what is for sale.'
  throw new DomainError(
    'model_not_found',
    `There is no model '${shown}' here. ${advice} Nothing was charged.`,
    {
      details: { model: shown, near },
    },
  )
}
