import { findProvider, type ModelPrice } from '@pydantic/genai-prices'

/** What a call used: counts in which no token stands twice. */
export type Units = Readonly<
  Record<'input' | 'cacheRead' | 'cacheWrite' | 'output' | 'reasoning' | 'audioIn' | 'audioOut', number>
>

/** The prices of a model as the bundled list has them; `dated` says which, where they hang on a date or an hour. */
export function rawPrices(provider: string, model: string, dated: number): ModelPrice {
  const prices = findProvider({ providerId: provider })?.models.find(({ id }) => id === model)?.prices
  const chosen = Array.isArray(prices) ? prices[dated]?.prices : prices
  if (chosen === undefined || Array.isArray(chosen))
    throw new Error(`${provider}/${model} is not in the list`)
  return chosen
}

/** What stands in for a price that the list does not have. */
const STAND_IN: Readonly<Record<string, string>> = {
  cache_read_mtok: 'input_mtok',
  cache_write_mtok: 'input_mtok',
  output_reasoning_mtok: 'output_mtok',
}

interface Terms {
  readonly marginBp: number
  readonly centsPerBtc: bigint
}

export interface Bill {
  /** In msat, and of that the share of the input. */
  readonly total: bigint
  readonly input: bigint
  /** Without margin. */
  readonly picoUsd: bigint
}

/**
 * What a call owes, by none of the catalogue's code: worked out from the raw list: sums in 1e-18 USD, one division at the end. A call without audio that is
 * told of audio tokens pays them as text.
 */
export function billOf(prices: ModelPrice, units: Units, { marginBp, centsPerBtc }: Terms): Bill {
  const all = units.input + units.cacheRead + units.cacheWrite + units.audioIn
  const unitPrice = (key: string): bigint => {
    const value = prices[key]
    if (value === undefined) return STAND_IN[key] === undefined ? 0n : unitPrice(STAND_IN[key])
    const tier = typeof value === 'number' ? undefined : value.tiers.findLast(({ start }) => all > start)
    const usd = typeof value === 'number' ? value : (tier?.price ?? value.base)
    return BigInt(usd.toFixed(12).replace('.', ''))
  }
  const lines = (...of: [key: string, count: number][]): bigint =>
    of.reduce((sum, [key, count]) => sum + BigInt(count) * unitPrice(key), 0n)
  const input = lines(
    ['input_mtok', units.input + units.audioIn],
    ['cache_read_mtok', units.cacheRead],
    ['cache_write_mtok', units.cacheWrite],
    // Priced by the thousand, the rest by the million.
    ['requests_kcount', 1000],
  )
  const output = lines(
    ['output_mtok', units.output + units.audioOut],
    ['output_reasoning_mtok', units.reasoning],
  )
  const perBtc = 10n ** 18n * 10_000n * centsPerBtc
  const inMsat = (usd: bigint): bigint => {
    const msat = usd * BigInt(10_000 + marginBp) * 100n * 10n ** 11n
    return msat / perBtc + (msat % perBtc === 0n ? 0n : 1n)
  }
  return { total: inMsat(input + output), input: inMsat(input), picoUsd: (input + output) / 10n ** 6n }
}
