import type { Encoding, TokenCounter } from './token-counter.ts'

/** What a model gets to read, as text, and what its provider may put around it. */
interface PromptText {
  readonly text: string
  /** Tokens beside the text. */
  readonly overhead: number
}

/** Room for what differs between a count in pieces and the provider's own: its own vocabulary, or a stranger's. */
const OWN_FACTOR = 1.1
const OTHER_FACTOR = 1.35

/**
 * A bound of the input tokens that is tighter than bytes, for payers whose balance is too small for those. The model's own
 * vocabulary × 1.1 where it is public, else o200k × 1.35; never above the byte bound.
 */
export async function tightBound(
  counter: TokenCounter,
  { model, prompt, byteBound }: { model: string; prompt: PromptText; byteBound: number },
): Promise<number> {
  const { encoding, factor } = vocabularyOf(model)
  const tokens = await counter.count(prompt.text, encoding)
  return tokens === undefined ? byteBound : Math.min(byteBound, Math.ceil(tokens * factor) + prompt.overhead)
}

function vocabularyOf(model: string): { encoding: Encoding; factor: number } {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  if (/^(gpt-4o|chatgpt-4o|gpt-4\.\d|gpt-[5-9]|o\d)/.test(name))
    return { encoding: 'o200k', factor: OWN_FACTOR }
  if (/^(gpt-4|gpt-3\.5|text-embedding)/.test(name)) return { encoding: 'cl100k', factor: OWN_FACTOR }
  return { encoding: 'o200k', factor: OTHER_FACTOR }
}
