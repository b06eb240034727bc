import { type Goods, type Route } from './goods.ts'
import { itemsOf, listFor } from './items.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { type Component } from './prices.ts'
import { rateCardOf, rowFor, type RateCard } from './rate-card.ts'

/** Every way to have each model served that has a price, and until when (unix ms) those prices hold. */
export interface RouteTable {
  readonly byModel: ReadonlyMap<string, readonly [Route, ...Route[]]>
  readonly validUntil: number
}

/**
 * Prices all goods. Models without a price that we can charge by are left out, and so is what a price list says nothing of.
 * Where all that may serve at the best price keep failing, the model is sold at the price of the next that works.
 */
export function buildRoutes(goods: readonly Goods[], priceLists: PriceLists, now: number): RouteTable {
  const found = new Map<string, Candidate[]>()
  let validUntil = Infinity
  for (const one of goods.toSorted((a, b) => a.order - b.order)) {
    if (one.standing?.isEnabled === false) continue
    const list = listFor(one, priceLists)
    if ('problem' in list) continue
    const isPaused = one.standing?.pausedUntil !== undefined
    for (const { name, route, validUntil: until } of itemsOf(one, list, now)) {
      if (route === undefined) continue
      validUntil = Math.min(validUntil, until)
      const rivals = found.get(name)
      if (rivals) rivals.push({ route, isPaused })
      else found.set(name, [{ route, isPaused }])
    }
  }
  const byModel = new Map<string, readonly [Route, ...Route[]]>()
  for (const [model, candidates] of found) {
    const routes = inLine(candidates)
    if (routes !== undefined) byModel.set(model, routes)
  }
  return { byModel, validUntil }
}

interface Candidate {
  readonly route: Route
  readonly isPaused: boolean
}

/** The cheapest and those that may stand in for it. A pause alone moves no price, as long as one of them works. */
function inLine(candidates: readonly Candidate[]): readonly [Route, ...Route[]] | undefined {
  const [first, ...others] = candidates.toSorted((a, b) => byPrice(a.route, b.route))
  if (first === undefined) return undefined
  const standIns = others.filter((other) => neverLoses(first.route, other.route))
  const working = candidates.filter(({ isPaused }) => !isPaused)
  const works = [first, ...standIns].some(({ isPaused }) => !isPaused)
  if (!works && working.length > 0) return inLine(working)
  return [first.route, ...standIns.map(({ route }) => route)]
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
