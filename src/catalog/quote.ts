import type { AskedRequest } from '../dialects/index.ts'
import { DomainError } from '../lib/index.ts'
import { addMsat, maxMsat, minMsat, type Msat, msatToPicoUsd, picoUsdToMsat } from '../money/index.ts'
import { type UsageBounds } from './bounds.ts'
import { clientsFormula } from './formula.ts'
import { type Offer, type Route } from './goods.ts'
import { rateCardOf, rowFor } from './rate-card.ts'
import { shownOf } from './shown.ts'

/** What a call can cost, before it is made. The fee of a payer's mint is in none of the amounts. */
export interface Quote {
  /** The worst case: the whole input bound and the full output limit at the dearest price that can apply. */
  readonly ceiling: Msat
  /** The least that a call can be served for: the input bound and the smallest output. */
  readonly floor: Msat
  /** What the network's clients compute for this request. */
  readonly formula: Msat
  /** What admits the call. */
  readonly gate: Msat
  /** The input bound and the price of a request, priced as in `ceiling`. */
  readonly inputMsat: Msat
  /** Limit of one answer that goes up when the whole ceiling is set aside; undefined for embeddings. */
  readonly outputLimit: number | undefined
  /** Fewest output tokens of an answer that are worth sending up. */
  readonly minimumOutput: number
  readonly bounds: UsageBounds
  /** The largest limit of one answer that `available` covers; 0 when it covers none; undefined for embeddings. */
  limitFor(available: Msat): number | undefined
  /** The gate with a mint's fee in it, as DESIGN has it: the clients' formula knows no fee. */
  gateWith(fee: Msat): Msat
}

const MINIMUM_OUTPUT = 1
/** An answer this long is worth admitting a call for, even where the payer cannot cover the limit he asked for. */
const USEFUL_OUTPUT = 64

/**
 * What a request costs at most, at least and to be let in.
 * @throws DomainError `unpriced_feature` (`details.fields`) when it can cause what the offer has no price for.
 */
export function quoteFor(offer: Offer, asked: AskedRequest): Quote {
  const [route] = offer.routes
  refuseUnpriced(offer, asked)
  const outputLimit = limitOf(route, asked)
  const bounds = boundsOf(route, asked, outputLimit)
  const card = rateCardOf(route.terms.prices)
  const worst = card.worst[rowFor(card, bounds.input)] ?? { input: 0n, output: 0n, request: 0n }
  const terms = { rate: offer.rate, marginBp: route.marginBp }
  const inputPico = BigInt(bounds.input) * worst.input + worst.request
  const perLimit = worst.output * BigInt(asked.choices)
  const upTo = (limit: number): Msat => picoUsdToMsat(inputPico + BigInt(limit) * perLimit, terms)

  const most = outputLimit ?? 0
  const floor = upTo(Math.min(MINIMUM_OUTPUT, most))
  const useful = upTo(Math.min(USEFUL_OUTPUT, most))
  const formula = clientsFormula(shownOf(offer), asked)
  const gateWith = (fee: Msat): Msat => maxMsat(addMsat(floor, fee), minMsat(addMsat(useful, fee), formula))
  return {
    ceiling: upTo(most),
    floor,
    formula,
    gate: maxMsat(floor, minMsat(useful, formula)),
    inputMsat: upTo(0),
    outputLimit,
    minimumOutput: MINIMUM_OUTPUT,
    bounds,
    limitFor: (available) => {
      if (outputLimit === undefined) return undefined
      const left = msatToPicoUsd(available, terms) - inputPico
      if (left < 0n) return 0
      return perLimit === 0n ? most : Math.min(Number(left / perLimit), most)
    },
    gateWith,
  }
}

function limitOf(route: Route, asked: AskedRequest): number | undefined {
  if (asked.kind === 'embed') return undefined
  return Math.min(asked.outputLimit ?? Infinity, route.terms.outputLimit)
}

function boundsOf(route: Route, asked: AskedRequest, outputPerChoice: number | undefined): UsageBounds {
  const imageInput = asked.images * route.terms.imageCeiling
  return { input: asked.inputBound + imageInput, imageInput, outputPerChoice, choices: asked.choices }
}

/**
 * No feature is sold yet: audio, files, searches and server tools have no bound on what they may come to, and a service
 * tier or upstream routing changes the prices themselves.
 */
function refuseUnpriced(offer: Offer, asked: AskedRequest): void {
  const { prices } = offer.routes[0].terms
  if (asked.features.length > 0) throw unpriced(offer, asked.featureFields)
  if (asked.images > 0 && prices.inputImage !== undefined) throw unpriced(offer, ['image'])
  if (asked.kind === 'generate' && prices.output === undefined) {
    throw new DomainError(
      'unpriced_feature',
      `Model '${offer.model}' is sold for embeddings only. Nothing was charged; use /v1/embeddings or another model.`,
      { details: { model: offer.model, fields: ['model'] } },
    )
  }
}

function unpriced(offer: Offer, fields: readonly string[]): DomainError {
  return new DomainError(
    'unpriced_feature',
    `Model '${offer.model}' has no price here for: ${fields.join(', ')}. Nothing was charged; send the request without.`,
    { details: { model: offer.model, fields } },
  )
}
