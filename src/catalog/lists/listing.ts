import { type MarginBp } from '../../money/index.ts'
import { type Prices } from '../prices.ts'

/** What a price list says about one model now. Undefined fields are not in the list. */
export interface Listing {
  readonly prices: Prices
  readonly priceVersion: string
  readonly name: string | undefined
  readonly contextLength: number | undefined
  readonly outputLimit: number | undefined
  readonly imageCeiling: number | undefined
  readonly marginBp: MarginBp | undefined
  readonly inputModalities: readonly string[] | undefined
  readonly outputModalities: readonly string[] | undefined
  /** Unix milliseconds until which these prices hold; Infinity for prices without a date or hour. */
  readonly validUntil: number
}

export interface PriceList {
  /** The entry for a model as its upstream names it, at a time; undefined when it has no price that we can charge by. */
  find(model: string, now: number): Listing | undefined
  /** The models that the list itself names; empty for a provider's list, which knows more than an upstream serves. */
  models(): readonly string[]
}
