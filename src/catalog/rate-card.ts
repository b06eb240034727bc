import { type Component, type Price, type Prices } from './prices.ts'

/** What every component costs in pico-USD a unit when the total input lies in one range. */
export type Rates = Readonly<Record<Component, bigint>>

/** A price list made ready for the hot path: one row of prices for each range of total input. */
export interface RateCard {
  /** Ascending thresholds; row `i + 1` applies above `aboves[i]`, row 0 below all of them. */
  readonly aboves: readonly number[]
  readonly rows: readonly Rates[]
  /** For row `i`: the dearest price of an input and of an output token, and of a request, in rows 0 … `i`. */
  readonly worst: readonly { readonly input: bigint; readonly output: bigint; readonly request: bigint }[]
  /** Whether answers can be sold; without it only embeddings are. */
  readonly hasOutput: boolean
}

const cards = new WeakMap<Prices, RateCard>()

/** The card of a price list, made once per list. */
export function rateCardOf(prices: Prices): RateCard {
  const known = cards.get(prices)
  if (known !== undefined) return known
  const card = buildCard(prices)
  cards.set(prices, card)
  return card
}

/** Index of the row that a total input of `tokens` is priced by. */
export function rowFor(card: RateCard, tokens: number): number {
  let row = 0
  while (row < card.aboves.length && tokens > (card.aboves[row] ?? Infinity)) row += 1
  return row
}

function buildCard(prices: Prices): RateCard {
  const aboves = [...new Set(Object.values(prices).flatMap((price) => price.tiers.map((tier) => tier.above)))]
  aboves.sort((a, b) => a - b)
  const rows = [0, ...aboves.map((above) => above + 1)].map((tokens) => ratesAt(prices, tokens))
  const worst = rows.map((_, index) => {
    const reachable = rows.slice(0, index + 1)
    return {
      input: dearest(reachable.flatMap((rates) => [rates.input, rates.cacheRead, rates.cacheWrite])),
      output: dearest(reachable.flatMap((rates) => [rates.output, rates.reasoning])),
      request: dearest(reachable.map((rates) => rates.request)),
    }
  })
  return { aboves, rows, worst, hasOutput: prices.output !== undefined }
}

/**
 * The prices of one range, with a price for every component. Where the list has none: cached input counts as input and
 * reasoning as output; audio counts at the dearest token price known, so that it is never sold too cheaply by accident.
 */
function ratesAt(prices: Prices, tokens: number): Rates {
  const at = (component: Component): bigint | undefined => priceAt(prices[component], tokens)
  const input = priceAt(prices.input, tokens) ?? 0n
  const output = at('output') ?? 0n
  const tokenPrices = TOKEN_COMPONENTS.map((component) => at(component) ?? 0n)
  const audio = dearest(tokenPrices)
  return {
    input,
    output,
    cacheRead: at('cacheRead') ?? input,
    cacheWrite: at('cacheWrite') ?? input,
    reasoning: at('reasoning') ?? output,
    inputAudio: at('inputAudio') ?? audio,
    cacheReadAudio: at('cacheReadAudio') ?? at('inputAudio') ?? audio,
    outputAudio: at('outputAudio') ?? audio,
    webSearch: at('webSearch') ?? 0n,
    request: at('request') ?? 0n,
  }
}

const TOKEN_COMPONENTS: readonly Component[] = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'reasoning',
  'inputAudio',
  'cacheReadAudio',
  'outputAudio',
]

function priceAt(price: Price | undefined, tokens: number): bigint | undefined {
  if (price === undefined) return undefined
  let current = price.base
  for (const tier of price.tiers) if (tokens > tier.above) current = tier.price
  return current
}

function dearest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n)
}
