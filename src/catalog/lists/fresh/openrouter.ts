import { scaleDecimal } from '../../../money/index.ts'
import { type FreshList, readFreshList } from './fresh-list.ts'

type Fields = Readonly<Record<string, unknown>>
interface Tiered {
  base: number
  tiers: { start: number; price: number }[]
}

/** Names in OpenRouter's list and in ours. Its prices are USD for one token, request or search. */
const TOKEN_KEYS: Readonly<Record<string, string>> = {
  prompt: 'input_mtok',
  completion: 'output_mtok',
  input_cache_read: 'cache_read_mtok',
  input_cache_write: 'cache_write_mtok',
  input_cache_write_1h: 'cache_write_1h_mtok',
  internal_reasoning: 'output_reasoning_mtok',
  audio: 'input_audio_mtok',
  audio_output: 'output_audio_mtok',
  input_audio_cache: 'cache_audio_read_mtok',
  image_token: 'input_image_mtok',
  image_output: 'output_image_mtok',
}
const EVENT_KEYS: Readonly<Record<string, string>> = {
  request: 'requests_kcount',
  web_search: 'web_searches_kcount',
}
const MAX_MODELS = 5000

/**
 * Prices in OpenRouter's own list of models (`GET /api/v1/models`, field `pricing`); undefined where it is no such list.
 * Never throws. A nought means that there is no such price, except for the input.
 */
export function readOpenRouterPrices(json: unknown): FreshList[] | undefined {
  const list = fields(json)['data']
  if (!Array.isArray(list)) return undefined
  return [
    readFreshList(
      'openrouter',
      list.slice(0, MAX_MODELS).map((entry: unknown) => readEntry(fields(entry))),
    ),
  ]
}

function readEntry(entry: Fields): unknown {
  const { id, context_length: context } = entry
  const prices = readPricing(fields(entry['pricing']))
  return {
    id,
    match: { equals: id },
    prices,
    ...(typeof context === 'number' && { context_window: context }),
  }
}

/** Undefined, which no entry may have, where a price is in a form that is not known. */
function readPricing(pricing: Fields): Record<string, number | Tiered> | undefined {
  const prices: Record<string, number | Tiered> = {}
  const overrides: unknown = pricing['overrides'] ?? []
  if (!Array.isArray(overrides)) return undefined
  const steps = overrides.map(fields)
  for (const [key, value] of Object.entries(pricing)) {
    if (key === 'overrides' || key === 'discount') continue
    const price = readPrice(key, value, steps)
    if (price === undefined) return undefined
    if (price.base !== 0 || price.tiers.length > 0 || key === 'prompt')
      prices[nameOf(key)] = price.tiers.length > 0 ? price : price.base
  }
  return prices
}

/** A price by the picture is none that we can charge by, so pictures are refused as if their tokens had a price of their own. */
function nameOf(key: string): string {
  if (key === 'image') return 'input_image_mtok'
  return TOKEN_KEYS[key] ?? EVENT_KEYS[key] ?? key
}

/** A price with its steps by the size of the prompt. Where the hour decides, the dearest price counts at any hour. */
function readPrice(key: string, value: unknown, steps: readonly Fields[]): Tiered | undefined {
  const base = amount(key, value)
  if (base === undefined) return undefined
  const tiers: Tiered['tiers'] = []
  let byHour = -Infinity
  for (const step of steps) {
    if (step[key] === undefined) continue
    const price = amount(key, step[key])
    const from = step['min_prompt_tokens']
    if (price === undefined || price < 0) return undefined
    if (typeof from === 'number' && Number.isSafeInteger(from) && from > 0)
      tiers.push({ start: from - 1, price })
    else byHour = Math.max(byHour, price)
  }
  return {
    base: Math.max(base, byHour),
    tiers: tiers.map(({ start, price }) => ({ start, price: Math.max(price, byHour) })),
  }
}

/** USD for a million tokens or a thousand events. Exact: the digits are shifted, not multiplied. */
function amount(key: string, value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !/^-?\d{1,9}(\.\d{1,30})?(e-?\d{1,2})?$/i.test(text)) return undefined
  const isNegative = text.startsWith('-')
  const pico = Number(scaleDecimal(isNegative ? text.slice(1) : text, 12))
  return (isNegative ? -pico : pico) / (key in EVENT_KEYS ? 1e9 : 1e6)
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
