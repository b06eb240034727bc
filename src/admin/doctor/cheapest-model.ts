import type { Offer, Route } from '../../catalog/index.ts'

/** About what a call of one token reads. */
const INPUT_TOKENS = 10n

/**
 * The model of an upstream whose one token costs least, by the upstream's own name; undefined where none is for sale. An
 * upstream's list may begin with models that draw or listen.
 */
export function cheapestModel(offers: readonly Offer[], upstreamId: string): string | undefined {
  const routes = offers
    .flatMap((offer) => offer.routes)
    .filter((route) => route.upstreamId === upstreamId && route.terms.prices.output !== undefined)
  const [first, ...others] = routes
  if (first === undefined) return undefined
  return others.reduce((best, route) => (tokenCost(route) < tokenCost(best) ? route : best), first)
    .upstreamModel
}

function tokenCost({ terms: { prices } }: Route): bigint {
  return prices.input.base * INPUT_TOKENS + (prices.output?.base ?? 0n) + (prices.request?.base ?? 0n)
}
