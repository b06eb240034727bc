/**
 * What a call used, as disjoint counts: no unit is in two fields (`knowledge`-wise: OpenAI counts cached tokens inside the
 * prompt, Anthropic beside it; here they never overlap). All are integers ≥ 0.
 */
export interface Usage {
  /** Input tokens billed at the plain input price (cached ones, audio and images taken out). */
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly inputAudioTokens: number
  readonly cacheReadAudioTokens: number
  /** Output tokens billed at the plain output price (reasoning and audio taken out). */
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly outputAudioTokens: number
  readonly webSearches: number
  /** Requests sent to the provider; 1 for a call that reached it. */
  readonly requests: number
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  inputAudioTokens: 0,
  cacheReadAudioTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
  webSearches: 0,
  requests: 0,
}

/** The names of all counts. */
export const USAGE_NAMES: readonly (keyof Usage)[] = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'inputAudioTokens',
  'cacheReadAudioTokens',
  'outputTokens',
  'reasoningTokens',
  'outputAudioTokens',
  'webSearches',
  'requests',
]
