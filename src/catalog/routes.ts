import { type Goods, type ListedModel, type Route } from './goods.ts'
import { type Listing } from './lists/listing.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { IMAGE_CEILING, wellKnown } from './lists/well-known.ts'
import { type Component, type ModelTerms } from './prices.ts'
import { rateCardOf, rowFor, type RateCard } from './rate-card.ts'

/** Every way to have each model served that has a price, and until when (unix ms) those prices hold. */
export interface RouteTable {
  readonly byModel: ReadonlyMap<string, readonly [Route, ...Route[]]>
  readonly validUntil: number
}

/** Prices all goods. Models without a price that we can charge by are left out. */
export function buildRoutes(goods: readonly Goods[], priceLists: PriceLists, now: number): RouteTable {
  const found = new Map<string, Route[]>()
  let validUntil = Infinity
  for (const one of goods.toSorted((a, b) => a.order - b.order)) {
    const list = priceLists.list(one.prices)
    const models = one.models.length > 0 ? one.models : list.models().map((id) => ({ id }))
    for (const model of new Map(models.map((listed) => [listed.id, listed])).values()) {
      const listing = list.find(model.id, now)
      if (listing === undefined) continue
      validUntil = Math.min(validUntil, listing.validUntil)
      const route = {
        upstreamId: one.upstreamId,
        upstreamModel: model.id,
        terms: termsOf(model, listing),
        marginBp: listing.marginBp ?? one.marginBp,
      }
      found.set(model.id, [...(found.get(model.id) ?? []), route])
    }
  }
  const byModel = new Map<string, readonly [Route, ...Route[]]>()
  for (const [model, routes] of found) {
    const [first, ...others] = routes.toSorted(byPrice)
    if (first !== undefined)
      byModel.set(model, [first, ...others.filter((other) => neverLoses(first, other))])
  }
  return { byModel, validUntil }
}

/** The operator's file comes first, then what is well known, then the upstream's own word, then a careful default. */
function termsOf(model: ListedModel, listing: Listing): ModelTerms {
  const known = wellKnown(model.id)
  const generates = listing.prices.output !== undefined
  const usualInput = known?.images === true ? ['text', 'image'] : ['text']
  return {
    contextLength: listing.contextLength ?? model.contextLength,
    outputLimit: generates ? outputLimitOf(model, listing) : 0,
    imageCeiling: listing.imageCeiling ?? known?.imageCeiling ?? IMAGE_CEILING,
    prices: listing.prices,
    priceVersion: listing.priceVersion,
    createdAt: model.created,
    name: listing.name,
    inputModalities: listing.inputModalities ?? usualInput,
    outputModalities: listing.outputModalities ?? (generates ? ['text'] : ['embeddings']),
  }
}

function outputLimitOf(model: ListedModel, listing: Listing): number {
  const context = listing.contextLength ?? model.contextLength
  const usual = context === undefined ? 4096 : 16_384
  const limit = listing.outputLimit ?? wellKnown(model.id)?.outputLimit ?? model.outputLimit ?? usual
  return Math.min(limit, context ?? limit)
}

/** Three parts input to one part output, margin included, in units that only serve to compare. */
function salePrice({ terms, marginBp }: Route): bigint {
  const rates = rateCardOf(terms.prices).rows[0]
  if (rates === undefined) return 0n
  return (rates.input * 3n + rates.output) * BigInt(10_000 + marginBp)
}

/** Routes that can answer come before those for embeddings, whose missing output price would look cheap. */
function byPrice(a: Route, b: Route): number {
  const answers = Number(b.terms.prices.output !== undefined) - Number(a.terms.prices.output !== undefined)
  if (answers !== 0) return answers
  const [left, right] = [salePrice(a), salePrice(b)]
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** Whether a call sold at the first route's price is never dearer to us at the other, in any component at any size. */
function neverLoses(first: Route, other: Route): boolean {
  const [sale, own] = [rateCardOf(first.terms.prices), rateCardOf(other.terms.prices)]
  if (sale.hasOutput && !own.hasOutput) return false
  const sizes = [0, ...[...sale.aboves, ...own.aboves].map((above) => above + 1)]
  const covers = (name: Component, tokens: number): boolean =>
    rateAt(own, name, tokens) * 10_000n <= rateAt(sale, name, tokens) * BigInt(10_000 + first.marginBp)
  return sizes.every((tokens) => COMPONENTS.every((name) => covers(name, tokens)))
}

/** What a call can be charged by; audio and searches are refused before. */
const COMPONENTS: readonly Component[] = [
  'request',
  'input',
  'cacheRead',
  'cacheWrite',
  'output',
  'reasoning',
]

function rateAt(card: RateCard, name: Component, tokens: number): bigint {
  return card.rows[rowFor(card, tokens)]?.[name] ?? 0n
}
