import { foldCase } from '../body.ts'

/** The largest output limit that is taken for meant. */
export const MOST_OUTPUT_TOKENS = 10_000_000
/** As OpenAI's API allows. */
export const MOST_CHOICES = 128

/** Every name under which clients give an output limit; of several the largest counts. */
export const LIMIT_FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const

/** Fields of OpenAI's chat completions that go up, beside the limits. */
const SENT = [
  'audio',
  'frequency_penalty',
  'function_call',
  'functions',
  'logit_bias',
  'logprobs',
  'messages',
  'modalities',
  'model',
  'n',
  'parallel_tool_calls',
  'prediction',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'seed',
  'service_tier',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'verbosity',
  'web_search_options',
]
/** Known fields that never go up by themselves: the client's identity, keeping of texts, and routing. */
const KEPT_BACK = [
  'metadata',
  'models',
  'plugins',
  'prompt_cache_key',
  'prompt_cache_retention',
  'provider',
  'route',
  'safety_identifier',
  'store',
  'transforms',
  'user',
]

/** Fields that no model reads as text, or that are counted on their own. */
export const NOT_PROMPT: ReadonlySet<string> = new Set([
  'logit_bias',
  'messages',
  'modalities',
  'model',
  'reasoning_effort',
  'service_tier',
  'stop',
  'stream_options',
  'verbosity',
])

const sent = new Set<string>([...SENT, ...LIMIT_FIELDS])
const known = new Set<string>([...sent, ...KEPT_BACK])

export function isSentField(key: string, allowed: readonly string[]): boolean {
  return sent.has(key) || allowed.includes(key)
}

/** Whether a key, as it stands or in small letters, means something here. */
export function isKnownField(key: string, allowed: readonly string[]): boolean {
  return known.has(key) || allowed.some((field) => field === key || foldCase(field) === key)
}
