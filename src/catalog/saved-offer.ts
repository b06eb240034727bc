import { DomainError } from '../lib/index.ts'
import type { Offer } from './goods.ts'
import type { ModelTerms } from './prices.ts'

/**
 * An offer as it is kept in a call's record, as JSON: model, exchange rate, margin and every price, so that the call can
 * be charged after a crash by the prices it began with.
 */
export function writeOffer(offer: Offer): string {
  const known = written.get(offer)
  if (known !== undefined) return known
  const [route] = offer.routes
  const text = JSON.stringify(
    {
      model: offer.model,
      rate: offer.rate,
      upstreamId: route.upstreamId,
      upstreamModel: route.upstreamModel,
      marginBp: route.marginBp,
      terms: route.terms,
    },
    (_, value: unknown) => (typeof value === 'bigint' ? { $big: String(value) } : value),
  )
  written.set(offer, text)
  return text
}

const written = new WeakMap<Offer, string>()

interface SavedOffer {
  model: string
  rate: Offer['rate']
  upstreamId: string
  upstreamModel: string
  marginBp: number
  terms: ModelTerms
}

/** Reads back what `writeOffer` wrote, as parsed JSON. @throws DomainError `record_unreadable` */
export function readOffer(parsed: unknown): Offer {
  const saved: unknown = JSON.parse(JSON.stringify(parsed), (_, value: unknown) => bigOf(value) ?? value)
  if (!isSavedOffer(saved)) throw new DomainError('record_unreadable', 'The record of a call cannot be read.')
  const { model, rate, upstreamId, upstreamModel, marginBp, terms } = saved
  return { model, rate, routes: [{ upstreamId, upstreamModel, marginBp, terms }] }
}

function bigOf(value: unknown): bigint | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const text: unknown = Reflect.get(value, '$big')
  return typeof text === 'string' ? BigInt(text) : undefined
}

function isSavedOffer(value: unknown): value is SavedOffer {
  if (typeof value !== 'object' || value === null) return false
  return 'model' in value && 'rate' in value && 'terms' in value && 'marginBp' in value
}
