import { type CostReport } from '../canonical/meter.ts'
import { NO_USAGE, type Usage } from '../canonical/usage.ts'
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
  return { ...NO_USAGE, ...input, ...output, webSearches, requests: 1 }
}

interface Details {
  readonly cached: number
  readonly written: number
  readonly audio: number
  readonly reasoning: number
}

function splitInput(prompt: number, { cached, written, audio }: Details): Partial<Usage> | undefined {
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
): Partial<Usage> | undefined {
  const { completion, prompt, total } = whole
  // xAI reports reasoning beside the completion; its total gives it away.
  const isBeside = reasoning > 0 && total === prompt + completion + reasoning
  const outputTokens = completion - audio - (isBeside ? 0 : reasoning)
  return outputTokens < 0 ? undefined : { outputTokens, reasoningTokens: reasoning, outputAudioTokens: audio }
}

function details(reported: unknown): Details | undefined {
  const from = reported ?? {}
  if (!isObject(from)) return undefined
  const parts = ['cached_tokens', 'cache_write_tokens', 'audio_tokens', 'reasoning_tokens']
  const counts = parts.map((part) => count(from[part] ?? 0))
  if (counts.includes(undefined)) return undefined
  const [cached = 0, written = 0, audio = 0, reasoning = 0] = counts
  return { cached, written, audio, reasoning }
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
