import { createHash } from 'node:crypto'
import { findProvider, type ModelInfo, type ModelPrice, type Provider } from '@pydantic/genai-prices'
import { scaleDecimal } from '../../money/index.ts'
import { type Component, type Price, type Prices } from '../prices.ts'
import { currentPrices } from './current-prices.ts'
import { type Listing, type PriceList } from './listing.ts'
import { matches } from './match.ts'
import { isSold } from './well-known.ts'

/** Keys of the offline list that a reading can be charged by: USD for a million tokens or for a thousand events. */
const KEYS: ReadonlyMap<string, { component: Component | 'inputImage'; places: number }> = new Map([
  ['input_mtok', { component: 'input', places: 6 }],
  ['output_mtok', { component: 'output', places: 6 }],
  ['cache_read_mtok', { component: 'cacheRead', places: 6 }],
  ['cache_write_mtok', { component: 'cacheWrite', places: 6 }],
  ['input_audio_mtok', { component: 'inputAudio', places: 6 }],
  ['output_audio_mtok', { component: 'outputAudio', places: 6 }],
  ['cache_audio_read_mtok', { component: 'cacheReadAudio', places: 6 }],
  ['output_reasoning_mtok', { component: 'reasoning', places: 6 }],
  ['input_image_mtok', { component: 'inputImage', places: 6 }],
  ['web_searches_kcount', { component: 'webSearch', places: 9 }],
  ['requests_kcount', { component: 'request', places: 9 }],
] as const)

/** Keys for what no request of ours can cause (refused as a feature, or an option that no dialect sends). */
const UNREACHABLE = new Set([
  'storage_searches_kcount',
  'cache_write_1h_mtok',
  'cache_image_read_mtok',
  'input_video_mtok',
])

/** The list of one provider in the bundled data of genai-prices; undefined when it has none of exactly this id. */
export function openProviderList(id: string): PriceList | undefined {
  const provider = providerOf(id)
  if (provider === undefined) return undefined
  const others = (provider.fallback_model_providers ?? [])
    .map(providerOf)
    .filter((other) => other !== undefined)
  const models = [provider, ...others].flatMap((one) => one.models)
  const found = new Map<string, ModelInfo | undefined>()
  return {
    models: () => [],
    find(model, now) {
      // Rules are tried once for each name; names come from upstreams' own lists, so there are few.
      if (!found.has(model))
        found.set(model, isSold(model) ? models.find((m) => matches(m.match, model)) : undefined)
      const info = found.get(model)
      return info === undefined ? undefined : listingOf(id, info, now)
    },
  }
}

/** `findProvider` also takes names that merely resemble an id; a setting must not. */
function providerOf(id: string): Provider | undefined {
  const provider = findProvider({ providerId: id })
  return provider?.id === id ? provider : undefined
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
    const known = KEYS.get(key)
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
