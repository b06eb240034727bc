/** What a request may cause besides plain text in and out. Each needs a price component, or it is `unpriced_feature`. */
export type Feature =
  | 'input_audio'
  | 'output_audio'
  | 'input_file'
  | 'web_search'
  | 'server_tool'
  | 'service_tier'
  | 'upstream_routing'

/** One request, read once from its bytes, in the words that every dialect shares. */
export interface AskedRequest {
  readonly kind: 'generate' | 'embed'
  readonly model: string
  readonly stream: boolean
  /** Whether the caller asked for the usage chunk of a stream. */
  readonly wantsUsage: boolean
  /** How many answers (`n`), ≥ 1. */
  readonly choices: number
  /** The caller's own output limit in tokens for one answer; the largest of those he gave; undefined when he gave none. */
  readonly outputLimit: number | undefined
  /** The most input tokens that the text of this request can be, overheads included, images and audio left out. */
  readonly inputBound: number
  /** A rough honest count of input tokens (⌈ASCII characters / 4⌉ + others), for estimates. Images left out. */
  readonly inputEstimate: number
  /** Input images; each is bounded by the model's image ceiling. */
  readonly images: number
  readonly features: readonly Feature[]
  /** What `features` were found in, for the error: `['web_search_options']`. */
  readonly featureFields: readonly string[]
  /** Top-level fields that do not go up (`X-Farebox-Dropped`). */
  readonly dropped: readonly string[]
  /** Characters in the strings and keys of the body, the clients' own prompt measure (gate formula). */
  readonly promptCharacters: number
  /** `max_tokens` exactly as the clients' formula reads it (only that field), else undefined. */
  readonly formulaOutputTokens: number | undefined
}

/** What changes between the bytes that came and the bytes that go up. */
export interface Rewrite {
  readonly model: string
  /** Output limit to write into every limit field (injected where there was none); undefined leaves none (embeddings). */
  readonly outputLimit: number | undefined
  /** The one field that the upstream reads a limit from, where it is not `max_completion_tokens`. */
  readonly limitField?: 'max_completion_tokens' | 'max_tokens'
  /** False where the upstream refuses to be asked for the usage of a stream. */
  readonly takesStreamOptions?: boolean
}
