import { type BtcUsd, type MarginBp } from '../money/index.ts'
import { type ModelTerms } from './prices.ts'

/** A model as an upstream's own list names it. */
export interface ListedModel {
  readonly id: string
  /** Unix seconds. */
  readonly created?: number | undefined
  readonly ownedBy?: string | undefined
  readonly contextLength?: number | undefined
  readonly outputLimit?: number | undefined
}

/** What one upstream can supply, and by which list it is priced. */
export interface Goods {
  readonly upstreamId: string
  /** Position in the operator's list; decides between equal prices. */
  readonly order: number
  /** A provider of the offline list (`openai`) or the path of a price file. */
  readonly prices: string
  readonly marginBp: MarginBp
  /** Empty when the upstream cannot list; then the models of its price file are taken. */
  readonly models: readonly ListedModel[]
}

/** One way to have a model served. */
export interface Route {
  readonly upstreamId: string
  readonly upstreamModel: string
  readonly terms: ModelTerms
  readonly marginBp: MarginBp
}

/** A model for sale. The first route's price is shown and charged, whichever route serves. */
export interface Offer {
  readonly model: string
  readonly routes: readonly [Route, ...Route[]]
  readonly rate: BtcUsd
}
