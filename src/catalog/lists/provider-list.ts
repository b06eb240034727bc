import { createHash } from 'node:crypto'
import { type ModelInfo, type ModelPrice } from '@pydantic/genai-prices'
import { scaleDecimal } from '../../money/index.ts'
import { type Component, type Price, type Prices } from '../prices.ts'
import { currentPrices } from './current-prices.ts'
import { type Listing, type PriceList } from './listing.ts'
import { matches } from './match.ts'
import { PRICE_KEYS } from './price-keys.ts'
import { bundled, type ProviderSource } from './provider-source.ts'
import { isSold } from './well-known.ts'

/** Keys for what no request of ours can cause (refused as a feature, or an option that no dialect sends). */
const UNREACHABLE = new Set([
  'storage_searches_kcount',
  'cache_write_1h_mtok',
  'cache_image_read_mtok',
  'input_video_mtok',
])

/** The list of one provider as `source` has it at any time; undefined when it has none of exactly this id. */
export function openProviderList(id: string, source: ProviderSource = bundled): PriceList | undefined {
  if (source.provider(id) === undefined) return undefined
  const found = new Map<string, ModelInfo | undefined>()
  let revision = source.revision
  return {
    models: () => [],
    find(model, now) {
      if (revision !== source.revision) found.clear()
      revision = source.revision
      // Rules are tried once for each name; names come from upstreams' own lists, so there are few.
      if (!found.has(model)) found.set(model, isSold(model) ? findModel(id, model, source) : undefined)
      const info = found.get(model)
      return info === undefined ? undefined : listingOf(id, info, now)
    },
  }
}

/** In the provider's own list, else in those of the makers whose models it resells. */
function findModel(id: string, model: string, source: ProviderSource): ModelInfo | undefined {
  const provider = source.provider(id)
  const others = (provider?.fallback_model_providers ?? []).map((other) => source.provider(other))
  for (const one of [provider, ...others]) {
    const info = one?.models.find((candidate) => matches(candidate.match, model))
    if (info !== undefined) return info
  }
  return undefined
}

function listingOf(provider: string, info: ModelInfo, now: number): Listing | undefined {
  const { prices: raw, validUntil } = currentPrices(info.prices, now)
  const prices = readPrices(raw)
  if (prices === undefined) return undefined
  const digest = createHash('sha256').update(JSON.stringify(raw)).digest('hex').slice(0, 12)
  return {
    prices,
    priceVersion: `${provider}/${info.id}#${digest}`,
    name: info.name,
    contextLength: info.context_window,
    outputLimit: undefined,
    imageCeiling: undefined,
    marginBp: undefined,
    inputModalities: undefined,
    outputModalities: undefined,
    validUntil,
  }
}

/** Undefined when there is no input price, or a component that a reading could not be charged by. */
function readPrices(raw: ModelPrice): Prices | undefined {
  const prices: Partial<Record<Component | 'inputImage', Price>> = {}
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined || UNREACHABLE.has(key)) continue
    const known = PRICE_KEYS.get(key)
    if (known === undefined) return undefined
    prices[known.component] = readPrice(value, known.places)
  }
  const { input, ...rest } = prices
  return input === undefined ? undefined : { input, ...rest }
}

/** `places` turns USD for a million tokens (6) or a thousand events (9) into pico-USD for one. */
function readPrice(value: NonNullable<ModelPrice[string]>, places: number): Price {
  if (typeof value === 'number') return { base: scaleDecimal(String(value), places), tiers: [] }
  const tiers = value.tiers
    .map((tier) => ({ above: tier.start, price: scaleDecimal(String(tier.price), places) }))
    .toSorted((a, b) => a.above - b.above)
  return { base: scaleDecimal(String(value.base), places), tiers }
}
