import { type CostReport } from '../canonical/meter.ts'
import type { Usage } from '../canonical/usage.ts'
import { isObject, type JsonObject } from './body.ts'

/**
 * OpenAI's `usage` as disjoint counts. There, cached, cache-writing and audio tokens are part of the prompt, reasoning and
 * audio of the completion. Undefined when it cannot be used: a count that is missing, negative, no integer or too large,
 * or parts larger than their whole. `needsOutput` is false for embeddings, which report no completion.
 */
export function readOpenAiUsage(reported: JsonObject, needsOutput: boolean): Usage | undefined {
  const prompt = count(reported['prompt_tokens'])
  const completion = count(reported['completion_tokens'] ?? (needsOutput ? undefined : 0))
  const into = details(reported['prompt_tokens_details'])
  const out = details(reported['completion_tokens_details'])
  if (prompt === undefined || completion === undefined || !into || !out) return undefined
  const input = splitInput(prompt, into)
  const output = splitOutput({ completion, prompt, total: reported['total_tokens'] }, out)
  if (!input || !output) return undefined
  const tools = isObject(reported['server_tool_use']) ? reported['server_tool_use'] : {}
  const webSearches = count(tools['web_search_requests']) ?? 0
  const { inputTokens, cacheReadTokens, cacheWriteTokens, inputAudioTokens, cacheReadAudioTokens } = input
  const { outputTokens, reasoningTokens, outputAudioTokens } = output
  return {
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    inputAudioTokens,
    cacheReadAudioTokens,
    outputTokens,
    reasoningTokens,
    outputAudioTokens,
    webSearches,
    requests: 1,
  }
}

interface Details {
  readonly cached: number
  readonly written: number
  readonly audio: number
  readonly reasoning: number
}

type Input = Pick<
  Usage,
  'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'inputAudioTokens' | 'cacheReadAudioTokens'
>
type Output = Pick<Usage, 'outputTokens' | 'reasoningTokens' | 'outputAudioTokens'>

function splitInput(prompt: number, { cached, written, audio }: Details): Input | undefined {
  if (cached + written > prompt || audio > prompt) return undefined
  // What is both cached and audio is reported in both; this much of it must be.
  const cacheReadAudioTokens = Math.max(0, cached + written + audio - prompt)
  if (cacheReadAudioTokens > cached) return undefined
  return {
    inputTokens: prompt - cached - written - audio + cacheReadAudioTokens,
    cacheReadTokens: cached - cacheReadAudioTokens,
    cacheWriteTokens: written,
    inputAudioTokens: audio - cacheReadAudioTokens,
    cacheReadAudioTokens,
  }
}

function splitOutput(
  whole: { completion: number; prompt: number; total: unknown },
  { reasoning, audio }: Details,
): Output | undefined {
  const { completion, prompt, total } = whole
  // xAI reports reasoning beside the completion; its total gives it away.
  const isBeside = reasoning > 0 && total === prompt + completion + reasoning
  const outputTokens = completion - audio - (isBeside ? 0 : reasoning)
  return outputTokens < 0 ? undefined : { outputTokens, reasoningTokens: reasoning, outputAudioTokens: audio }
}

const NO_DETAILS: Details = { cached: 0, written: 0, audio: 0, reasoning: 0 }

function details(reported: unknown): Details | undefined {
  if (reported === undefined || reported === null) return NO_DETAILS
  if (!isObject(reported)) return undefined
  const cached = count(reported['cached_tokens'] ?? 0)
  const written = count(reported['cache_write_tokens'] ?? 0)
  const audio = count(reported['audio_tokens'] ?? 0)
  const reasoning = count(reported['reasoning_tokens'] ?? 0)
  const isUsable =
    cached !== undefined && written !== undefined && audio !== undefined && reasoning !== undefined
  return isUsable ? { cached, written, audio, reasoning } : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Estimated counts in OpenAI's shape, for a reply whose upstream said nothing. */
export function estimatedUsage(inputTokens: number, outputTokens: number): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    estimated: true,
  }
}

/** The cost of a call as members of a JSON object's text, for a usage that has none of these. As in `pricedUsage`. */
export function costMembers(cost: CostReport): string {
  const { totalMsats, remainingMsats } = cost
  const remaining = remainingMsats === undefined ? '' : `,"remaining_balance_msats":${remainingMsats}`
  return (
    `"cost":{"total_msats":${totalMsats},"input_msats":${cost.inputMsats},"output_msats":${cost.outputMsats},` +
    `"total_usd":${cost.totalUsd}${remaining}},"cost_sats":${Number(totalMsats) / 1000}`
  )
}

/** `usage` with the cost of the call in it, in the members that Routstr's clients read; an upstream's own `cost` gives way. */
export function pricedUsage(usage: JsonObject, cost: CostReport): JsonObject {
  const { remainingMsats, estimated } = cost
  return {
    ...usage,
    ...(estimated && { estimated: true }),
    cost: {
      total_msats: Number(cost.totalMsats),
      input_msats: Number(cost.inputMsats),
      output_msats: Number(cost.outputMsats),
      total_usd: cost.totalUsd,
      ...(remainingMsats !== undefined && { remaining_balance_msats: Number(remainingMsats) }),
    },
    cost_sats: Number(cost.totalMsats) / 1000,
  }
}
