import { type Clock, DomainError } from '../lib/index.ts'
import { type BtcUsd } from '../money/index.ts'
import { NO_USAGE, type Usage } from '../dialects/index.ts'
import { upstreamCost } from './cost.ts'
import { type Goods, type Offer, type Route } from './goods.ts'
import { itemsOf, listFor } from './items.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { nearNames } from './near-names.ts'
import { buildRoutes, type RouteTable } from './routes.ts'
import { type WhyNot, whyNot } from './why-not.ts'

/** What a trial asks for: the price of a request counts more than that of a token. */
const SHORT_CALL: Usage = { ...NO_USAGE, inputTokens: 10, outputTokens: 1, requests: 1 }

interface CatalogOptions {
  /** The goods of all upstreams, disabled ones too (`goodsFrom`); a new array whenever any of them changed. */
  readonly goods: () => readonly Goods[]
  /** The exchange rate of new offers; may throw when there is none. */
  readonly rate: () => BtcUsd
  readonly priceLists: PriceLists
  readonly clock: Clock
}

interface Snapshot {
  readonly goods: readonly Goods[]
  readonly table: RouteTable
  readonly revision: number
  readonly rate: BtcUsd
  readonly offers: ReadonlyMap<string, Offer>
  readonly list: readonly Offer[]
}

/**
 * What is for sale now. An offer never changes: a call that keeps the one it began with keeps its price and rate.
 * New offers are made when the goods, the exchange rate, a price list or a price bound to a date or hour changes.
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

  /** Why a model is for sale or not, for every upstream; also where there is no exchange rate. */
  why(name: string): WhyNot {
    const { goods, priceLists, clock } = this.#options
    let offer: Offer | undefined
    let rate: string | undefined
    try {
      offer = this.#current().offers.get(name)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      rate = error.message
    }
    return whyNot({ name, goods: goods(), priceLists, now: clock.now(), offer, rate })
  }

  /** What a reading costs at an upstream in pico-USD, without margin; undefined where that has no price for the model. */
  costAt(upstreamId: string, model: string, usage: Usage): bigint | undefined {
    const route = this.#routesAt(upstreamId).find(({ upstreamModel }) => upstreamModel === model)
    return route && upstreamCost(route, usage)
  }

  /** The cheapest model with a price at an upstream that answers chats, as the upstream names it: to test it with. */
  cheapestAt(upstreamId: string): string | undefined {
    const chats = this.#routesAt(upstreamId).filter(({ terms }) => terms.prices.output !== undefined)
    const [cheapest] = chats.toSorted((a, b) =>
      upstreamCost(a, SHORT_CALL) < upstreamCost(b, SHORT_CALL) ? -1 : 1,
    )
    return cheapest?.upstreamModel
  }

  /** Everything with a price at one upstream, whether it is enabled or not. */
  #routesAt(upstreamId: string): Route[] {
    const { goods, priceLists, clock } = this.#options
    const one = goods().find((each) => each.upstreamId === upstreamId)
    const list = one && listFor(one, priceLists)
    if (one === undefined || list === undefined || 'problem' in list) return []
    return itemsOf(one, list, clock.now()).flatMap(({ route }) => (route === undefined ? [] : [route]))
  }

  #current(): Snapshot {
    const goods = this.#options.goods()
    const rate = this.#options.rate()
    const now = this.#options.clock.now()
    const last = this.#snapshot
    const { revision } = this.#options.priceLists
    const isSame = last !== undefined && last.goods === goods && last.revision === revision
    const keepsTable = isSame && now < last.table.validUntil
    if (keepsTable && last.rate.centsPerBtc === rate.centsPerBtc) return last
    const table = keepsTable ? last.table : buildRoutes(goods, this.#options.priceLists, now)
    const offers = new Map<string, Offer>()
    for (const [model, routes] of table.byModel) offers.set(model, { model, routes, rate })
    const list = [...offers.values()].toSorted((a, b) => (a.model < b.model ? -1 : 1))
    this.#snapshot = { goods, table, revision, rate, offers, list }
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
