import { createHash } from 'node:crypto'
import { DomainError } from '../lib/index.ts'
import { type Goods, type GoodsRule, type ListedModel, type Route } from './goods.ts'
import { type Listing, type PriceList } from './lists/listing.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { isSold } from './lists/well-known.ts'
import { type Component, type Price } from './prices.ts'
import { termsOf } from './terms.ts'

/** One model at one upstream, priced or not. */
export interface Item {
  /** The name that it is sold under. */
  readonly name: string
  readonly upstreamModel: string
  /** Undefined where it is not sold; then `lack` says why. */
  readonly route: Route | undefined
  readonly lack: 'disabled' | 'unpriced' | undefined
  /** Unix milliseconds until which its prices hold. */
  readonly validUntil: number
}

/** The list by which goods are priced, or why it cannot be had. A row of an operator must not stop all the others. */
export function listFor(goods: Goods, lists: PriceLists): PriceList | { readonly problem: string } {
  try {
    return lists.list(goods.prices)
  } catch (error) {
    if (error instanceof DomainError) return { problem: error.message }
    throw error
  }
}

/** Everything an upstream has, each once, with its price where there is one. */
export function itemsOf(goods: Goods, list: PriceList, now: number): Item[] {
  return modelsOf(goods, list).map((model) => itemOf(model, { goods, list, now }))
}

function modelsOf(goods: Goods, list: PriceList): ListedModel[] {
  const models = new Map(goods.models.map((listed) => [listed.id, listed]))
  const cannotList = goods.standing?.canList === false
  const more = models.size === 0 || cannotList ? list.models() : []
  for (const id of more) if (!models.has(id)) models.set(id, { id })
  // A rule names a deployment that no list tells of.
  for (const id of (cannotList && goods.rules?.keys()) || []) if (!models.has(id)) models.set(id, { id })
  return [...models.values()]
}

interface Shelf {
  readonly goods: Goods
  readonly list: PriceList
  readonly now: number
}

function itemOf(model: ListedModel, { goods, list, now }: Shelf): Item {
  const rule = goods.rules?.get(model.id)
  const name = rule?.alias ?? model.id
  const item = { name, upstreamModel: model.id, route: undefined, validUntil: Infinity }
  if (rule?.isEnabled === false) return { ...item, lack: 'disabled' }
  const listing = listingOf({ model: model.id, name, rule }, { list, now })
  if (listing === undefined) return { ...item, lack: 'unpriced' }
  const route = {
    upstreamId: goods.upstreamId,
    upstreamModel: model.id,
    terms: termsOf(model, listing, name),
    marginBp: rule?.marginBp ?? listing.marginBp ?? goods.marginBp,
  }
  return { ...item, route, lack: undefined, validUntil: listing.validUntil }
}

function listingOf(
  { model, name, rule }: { model: string; name: string; rule: GoodsRule | undefined },
  { list, now }: Pick<Shelf, 'list' | 'now'>,
): Listing | undefined {
  // A deployment or file has a name that no list knows; the name that it is sold under tells what it is. A model that
  // cannot be sold under its own name is not to be had at the price of another either.
  const isStranger = name !== model && isSold(model)
  const listed = list.find(model, now) ?? (isStranger ? list.find(name, now) : undefined)
  return rule?.prices === undefined ? listed : repriced(model, listed, rule.prices)
}

const NO_FACTS: Omit<Listing, 'prices' | 'priceVersion'> = {
  name: undefined,
  contextLength: undefined,
  outputLimit: undefined,
  imageCeiling: undefined,
  marginBp: undefined,
  inputModalities: undefined,
  outputModalities: undefined,
  validUntil: Infinity,
}

/** An operator's prices over those of the list; without any price of input it is not for sale. */
function repriced(
  model: string,
  listed: Listing | undefined,
  prices: NonNullable<GoodsRule['prices']>,
): Listing | undefined {
  const own: Partial<Record<Component, Price>> = {}
  for (const [component, base] of Object.entries(prices)) {
    if (isComponent(component)) own[component] = { base, tiers: [] }
  }
  const input = own.input ?? listed?.prices.input
  if (input === undefined) return undefined
  const text = Object.entries(prices).map(([component, base]) => `${component}=${base}`)
  const digest = createHash('sha256').update(text.toSorted().join()).digest('hex').slice(0, 12)
  return {
    ...(listed ?? NO_FACTS),
    prices: { ...listed?.prices, ...own, input },
    priceVersion: `${listed === undefined ? '' : `${listed.priceVersion}+`}rule/${model}#${digest}`,
  }
}

const COMPONENTS: Readonly<Record<Component, true>> = {
  input: true,
  output: true,
  cacheRead: true,
  cacheWrite: true,
  inputAudio: true,
  outputAudio: true,
  cacheReadAudio: true,
  reasoning: true,
  webSearch: true,
  request: true,
}

function isComponent(name: string): name is Component {
  return name in COMPONENTS
}
