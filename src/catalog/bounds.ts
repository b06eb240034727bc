import { type AskedRequest, type Delivered, NO_USAGE, type Usage } from '../dialects/index.ts'

/** The most that a reading of a call may say. */
export interface UsageBounds {
  /** Input tokens, images at their ceiling included. */
  readonly input: number
  /** How much of `input` is images. */
  readonly imageInput: number
  /** Output tokens of one answer: the limit that went up; undefined where there is no output. */
  readonly outputPerChoice: number | undefined
  readonly choices: number
}

/**
 * A reading cut down to what the call can have used. Plain input is kept first, then cache writes, then cache reads;
 * plain output before reasoning. Audio and searches were refused when the call was quoted, so a count of audio can only
 * be mislabelled text and is read as such, and a search was nobody's order. Malformed counts become 0.
 */
export function boundUsage(usage: Usage, bounds: UsageBounds): Usage {
  const input = share(bounds.input)
  const output = share((bounds.outputPerChoice ?? 0) * bounds.choices)
  return {
    inputTokens: input(count(usage.inputTokens) + count(usage.inputAudioTokens)),
    cacheWriteTokens: input(count(usage.cacheWriteTokens)),
    cacheReadTokens: input(count(usage.cacheReadTokens) + count(usage.cacheReadAudioTokens)),
    inputAudioTokens: 0,
    cacheReadAudioTokens: 0,
    outputTokens: output(count(usage.outputTokens) + count(usage.outputAudioTokens)),
    reasoningTokens: output(count(usage.reasoningTokens)),
    outputAudioTokens: 0,
    webSearches: 0,
    requests: Math.min(count(usage.requests), 1),
  }
}

/** The reading of a call whose upstream said nothing usable: what was sent in and what has come out, within the bounds. */
export function estimateUsage(
  asked: Pick<AskedRequest, 'inputEstimate'>,
  delivered: Pick<Delivered, 'outputEstimate'>,
  bounds: UsageBounds,
): Usage {
  const usage = {
    ...NO_USAGE,
    inputTokens: asked.inputEstimate + bounds.imageInput,
    outputTokens: delivered.outputEstimate,
    requests: 1,
  }
  return boundUsage(usage, bounds)
}

/** Hands out from a budget: each call gets what is left, at most what it wants. */
function share(budget: number): (wanted: number) => number {
  let left = budget
  return (wanted) => {
    const given = Math.min(wanted, left)
    left -= given
    return given
  }
}

function count(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}
