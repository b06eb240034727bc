/** What the offline list does not say about well-known models. */
export interface WellKnown {
  /** Compared with the model's name without a vendor's prefix (`openai/`), in lower case; the first match counts. */
  readonly match: RegExp
  readonly outputLimit?: number
  /** Most input tokens for one image, where it is not the default. */
  readonly imageCeiling?: number
  /** Whether it takes images. */
  readonly images?: boolean
}

/** One image at most, in input tokens, for models that are not named below. */
export const IMAGE_CEILING = 5000

const KNOWN: readonly WellKnown[] = [
  { match: /^gpt-4o-2024-05-13/, outputLimit: 4096, images: true },
  { match: /^gpt-4o-mini/, outputLimit: 16_384, imageCeiling: 48_200, images: true },
  { match: /^(gpt-4o|chatgpt-4o)/, outputLimit: 16_384, images: true },
  { match: /^gpt-4\.1/, outputLimit: 32_768, images: true },
  { match: /^gpt-4\.5/, outputLimit: 16_384, images: true },
  { match: /^gpt-4-turbo/, outputLimit: 4096, images: true },
  { match: /^gpt-4-(1106|0125|vision)/, outputLimit: 4096 },
  { match: /^gpt-4/, outputLimit: 8192 },
  { match: /^gpt-3\.5/, outputLimit: 4096 },
  { match: /^gpt-5(\.\d)?-chat/, outputLimit: 16_384, images: true },
  { match: /^gpt-[56]/, outputLimit: 128_000, images: true },
  { match: /^o1-mini/, outputLimit: 65_536 },
  { match: /^o1-preview/, outputLimit: 32_768 },
  { match: /^o3-mini/, outputLimit: 100_000 },
  { match: /^(o1|o3|o4-mini)/, outputLimit: 100_000, images: true },
  { match: /^claude-3-(opus|sonnet|haiku)/, outputLimit: 4096, images: true },
  { match: /^claude-3[.-]5/, outputLimit: 8192, images: true },
  { match: /^claude-opus-4(-1)?(-20|$)/, outputLimit: 32_000, images: true },
  { match: /^claude/, outputLimit: 64_000, images: true },
  { match: /^gemini-(1|2\.0)/, outputLimit: 8192, images: true },
  { match: /^gemini/, outputLimit: 65_536, images: true },
  { match: /^deepseek-chat/, outputLimit: 8192 },
]

/**
 * Models that the routes we have cannot sell: they speak another API, or they search the web in every call and do not
 * report it, so that a part of their price would never be charged.
 */
const NOT_SOLD =
  /realtime|transcribe|[-_]tts|^tts-|^whisper|^gpt-image|^dall-e|^sora|moderation|search-preview|search-api|deep-research|:online$|-live-/

/** What is known about a model by its name alone. */
export function wellKnown(model: string): WellKnown | undefined {
  const name = bareName(model)
  return KNOWN.find((entry) => entry.match.test(name))
}

/** Whether a model of the offline list can be sold at all. */
export function isSold(model: string): boolean {
  return !NOT_SOLD.test(bareName(model))
}

function bareName(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1).toLowerCase()
}
