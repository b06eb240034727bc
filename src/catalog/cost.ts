import type { Usage } from '../dialects/index.ts'
import { type Msat, picoUsdToMsat, subMsat } from '../money/index.ts'
import { type Offer, type Route } from './goods.ts'
import { type Component } from './prices.ts'
import { rateCardOf, rowFor } from './rate-card.ts'

/** One line of a bill. */
interface CostLine {
  readonly name: Component
  readonly units: number
  readonly picoUsdPerUnit: bigint
  readonly picoUsd: bigint
}

/** What a reading comes to by an offer. */
interface Cost {
  /** At the upstream, without margin, by the price list of the first route. */
  readonly picoUsd: bigint
  /** What the payer owes: margin on top, at the offer's exchange rate, rounded up once. */
  readonly msat: Msat
  /** The two shares as they are displayed; together exactly `msat`. Requests and searches count as input. */
  readonly inputMsat: Msat
  readonly outputMsat: Msat
  readonly components: readonly CostLine[]
  readonly priceVersion: string
  /** Whether the reading was an estimate. */
  readonly estimated: boolean
}

const LINES: readonly (readonly [Component, keyof Usage])[] = [
  ['request', 'requests'],
  ['input', 'inputTokens'],
  ['cacheRead', 'cacheReadTokens'],
  ['cacheWrite', 'cacheWriteTokens'],
  ['inputAudio', 'inputAudioTokens'],
  ['cacheReadAudio', 'cacheReadAudioTokens'],
  ['webSearch', 'webSearches'],
  ['output', 'outputTokens'],
  ['reasoning', 'reasoningTokens'],
  ['outputAudio', 'outputAudioTokens'],
]
const OUTPUT: ReadonlySet<Component> = new Set(['output', 'reasoning', 'outputAudio'])
/** Few lists price these; a line of theirs that costs nothing would only be noise on the bill. */
const EVENTS: ReadonlySet<Component> = new Set(['request', 'webSearch'])

/** The cost of a reading by the price that was shown. Pure; `usage` holds integers ≥ 0 (see `boundUsage`). */
export function costOf(offer: Offer, usage: Usage, estimated: boolean): Cost {
  const [route] = offer.routes
  const components = billLines(route, usage)
  let input = 0n
  let output = 0n
  for (const line of components) {
    if (OUTPUT.has(line.name)) output += line.picoUsd
    else input += line.picoUsd
  }
  const terms = { rate: offer.rate, marginBp: route.marginBp }
  const total = picoUsdToMsat(input + output, terms)
  const inputMsat = picoUsdToMsat(input, terms)
  return {
    picoUsd: input + output,
    msat: total,
    inputMsat,
    outputMsat: subMsat(total, inputMsat),
    components,
    priceVersion: route.terms.priceVersion,
    estimated,
  }
}

/** What a reading costs the node in pico-USD at the route that really served it, without margin. */
export function upstreamCost(route: Route, usage: Usage): bigint {
  return billLines(route, usage).reduce((sum, line) => sum + line.picoUsd, 0n)
}

function billLines(route: Route, usage: Usage): CostLine[] {
  const card = rateCardOf(route.terms.prices)
  const rates = card.rows[rowFor(card, totalInput(usage))]
  const lines: CostLine[] = []
  if (rates === undefined) return lines
  for (const [name, field] of LINES) {
    const units = usage[field]
    const picoUsdPerUnit = rates[name]
    if (units === 0 || (picoUsdPerUnit === 0n && EVENTS.has(name))) continue
    lines.push({ name, units, picoUsdPerUnit, picoUsd: BigInt(units) * picoUsdPerUnit })
  }
  return lines
}

/** All that went in, cached or not: what tiers are chosen by. */
function totalInput(usage: Usage): number {
  return (
    usage.inputTokens +
    usage.cacheReadTokens +
    usage.cacheWriteTokens +
    usage.inputAudioTokens +
    usage.cacheReadAudioTokens
  )
}
