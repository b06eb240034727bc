import { type BtcUsd, type MarginBp } from '../money/index.ts'
import { type Offer } from './goods.ts'
import { rateCardOf, type Rates } from './rate-card.ts'

/** Prices of one currency as `/v1/models` shows them: plain numbers per token, request or search, margin included. */
export interface ShownPrices {
  readonly prompt: number
  readonly completion: number
  readonly request: number
  /** Always 0: images are charged as the input tokens they come to. */
  readonly image: number
  readonly web_search: number
  readonly internal_reasoning: number
  readonly input_cache_read: number
  readonly input_cache_write: number
  readonly max_prompt_cost: number
  readonly max_completion_cost: number
  readonly max_cost: number
  /** Prices of the whole request once its input reaches `min_prompt_tokens`; absent without tiers. */
  readonly overrides?: readonly ShownStep[]
}

interface ShownStep {
  readonly min_prompt_tokens: number
  readonly prompt: number
  readonly completion: number
  readonly internal_reasoning: number
  readonly input_cache_read: number
  readonly input_cache_write: number
}

/** What readers of `/v1/models` are told about an offer, and what the clients' gate is computed from. */
export interface Shown {
  readonly sats: ShownPrices
  readonly usd: ShownPrices
  readonly contextLength: number
  readonly outputLimit: number
}

const shownOffers = new WeakMap<Offer, Shown>()

/** The shown numbers of an offer, made once per offer. */
export function shownOf(offer: Offer): Shown {
  const known = shownOffers.get(offer)
  if (known !== undefined) return known
  const shown = buildShown(offer)
  shownOffers.set(offer, shown)
  return shown
}

function buildShown(offer: Offer): Shown {
  const { terms, marginBp } = offer.routes[0]
  const { outputLimit } = terms
  // Readers need a number; where nobody knows the context, one with room for three limits of input is assumed.
  const contextLength = terms.contextLength ?? Math.max(outputLimit * 4, 8192)
  const card = rateCardOf(terms.prices)
  const size = { contextLength, outputLimit }
  return {
    sats: currency(card, (picoUsd) => satsShown(picoUsd, offer.rate, marginBp), size),
    usd: currency(card, (picoUsd) => usdShown(picoUsd, marginBp), size),
    ...size,
  }
}

type Size = Pick<Shown, 'contextLength' | 'outputLimit'>
type Tokens = Omit<ShownStep, 'min_prompt_tokens'>

/**
 * `max_cost` is that of the longest answer with the rest of the context as prompt, which is the dearest mix because input
 * and output share the context (unless input is the dearer of the two; then a full prompt).
 */
function currency(
  card: { rows: readonly Rates[]; aboves: readonly number[] },
  show: (picoUsd: bigint) => number,
  size: Size,
): ShownPrices {
  const [base, ...steps] = card.rows
  if (base === undefined) throw new RangeError('a price list without a price')
  const tokens = tokenPrices(base, show)
  const request = show(base.request)
  const maxPrompt = Math.max(size.contextLength - size.outputLimit, 0) * tokens.prompt
  const maxCompletion = size.outputLimit * tokens.completion
  const prices = {
    ...tokens,
    request,
    image: 0,
    web_search: show(base.webSearch),
    max_prompt_cost: maxPrompt,
    max_completion_cost: maxCompletion,
    max_cost: Math.max(maxPrompt + maxCompletion, size.contextLength * tokens.prompt) + request,
  }
  if (steps.length === 0) return prices
  const overrides = steps.map((rates, index) => ({
    min_prompt_tokens: (card.aboves[index] ?? 0) + 1,
    ...tokenPrices(rates, show),
  }))
  return { ...prices, overrides }
}

function tokenPrices(rates: Rates, show: (picoUsd: bigint) => number): Tokens {
  return {
    prompt: show(rates.input),
    completion: show(rates.output),
    internal_reasoning: show(rates.reasoning),
    input_cache_read: show(rates.cacheRead),
    input_cache_write: show(rates.cacheWrite),
  }
}

/** 1 pUSD is 1e-12 USD; the margin adds four places. */
function usdShown(picoUsd: bigint, marginBp: MarginBp): number {
  return ratioUp(picoUsd * BigInt(10_000 + marginBp), 10n ** 16n)
}

/** 1 pUSD is 10 / centsPerBtc msat, so 1 / (100 × centsPerBtc) sat. */
function satsShown(picoUsd: bigint, rate: BtcUsd, marginBp: MarginBp): number {
  return ratioUp(picoUsd * BigInt(10_000 + marginBp), rate.centsPerBtc * 1_000_000n)
}

/** A fraction as a number with twelve significant digits, rounded up, so that no shown price is below the real one. */
export function ratioUp(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0
  let scaled = numerator
  let places = 0
  while (scaled < denominator * 100_000_000_000n) {
    scaled *= 10n
    places += 1
  }
  return Number(`${(scaled + denominator - 1n) / denominator}e-${places}`)
}
