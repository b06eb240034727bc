/** Pico-USD for one unit (a token, a request, a search). Above a tier's threshold the whole request pays the tier's price. */
export interface Price {
  readonly base: bigint
  /** Ascending; a tier applies when the total input of the request is greater than `above`. */
  readonly tiers: readonly { readonly above: number; readonly price: bigint }[]
}

/** The components of a price list that a reading can be charged by. */
export type Component =
  | 'input'
  | 'output'
  | 'cacheRead'
  | 'cacheWrite'
  | 'inputAudio'
  | 'outputAudio'
  | 'cacheReadAudio'
  | 'reasoning'
  | 'webSearch'
  | 'request'

/** What a model costs at its upstream. An absent component has no price, and what needs it is not sold. */
export type Prices = Readonly<Partial<Record<Component, Price>>> & {
  readonly input: Price
  /** A price of its own for image tokens. No reading tells them apart, so images are refused where this is set. */
  readonly inputImage?: Price
}

/** What is known about one model at one upstream. */
export interface ModelTerms {
  /** Tokens in and out together; undefined when nobody says. */
  readonly contextLength: number | undefined
  /** The most output tokens of one answer; 0 for a model without output (embeddings). */
  readonly outputLimit: number
  /** The most input tokens that one image can come to. */
  readonly imageCeiling: number
  readonly prices: Prices
  /** Names the list, the entry and a digest of the prices, so that a charge can be explained later. */
  readonly priceVersion: string
  /** Unix seconds. */
  readonly createdAt: number | undefined
  readonly name: string | undefined
  readonly inputModalities: readonly string[]
  readonly outputModalities: readonly string[]
}
