import { type BtcUsd, type MarginBp } from '../money/index.ts'
import { type Component, type ModelTerms } from './prices.ts'

/** A model as an upstream's own list names it. */
export interface ListedModel {
  readonly id: string
  /** Unix seconds. */
  readonly created?: number | undefined
  readonly ownedBy?: string | undefined
  readonly contextLength?: number | undefined
  readonly outputLimit?: number | undefined
}

/** How it stands with an upstream, where that is known. */
interface Standing {
  readonly isEnabled: boolean
  /** Whether it can be asked for its models; where not, the operator's rules name more of them. */
  readonly canList: boolean
  /** Whether it ever told its models. */
  readonly hasListed: boolean
  /** Unix milliseconds until which it gets no calls because it kept failing. */
  readonly pausedUntil: number | undefined
  readonly lastError: string | undefined
}

/** What an operator decided about one model: his rule for the upstream over his rule for all of them. */
export interface GoodsRule {
  readonly isEnabled: boolean
  readonly alias: string | undefined
  /** Pico-USD for one. */
  readonly prices: Readonly<Partial<Record<Component, bigint>>> | undefined
  readonly marginBp: MarginBp | undefined
}

/** What one upstream can supply, and by which list it is priced. */
export interface Goods {
  readonly upstreamId: string
  /** Position in the operator's list; decides between equal prices. */
  readonly order: number
  /** A provider of the offline list (`openai`), the path of a price file, or `none`. */
  readonly prices: string
  readonly marginBp: MarginBp
  /** Empty when the upstream cannot list; then the models of its price file are taken. */
  readonly models: readonly ListedModel[]
  /** By the upstream's name of the model. */
  readonly rules?: ReadonlyMap<string, GoodsRule>
  /** Absent: enabled and well. */
  readonly standing?: Standing
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
