import type { AskedRequest } from '../dialects/index.ts'
import { type Msat, msat } from '../money/index.ts'
import { type Shown } from './shown.ts'

/** Clients assume that a node admits a call for one percent less than its worst case. */
const TOLERANCE = 0.99

/**
 * What the Routstr clients compute that a call must bring, from the `sats_pricing` that we show (their port of the
 * reference node's discounted maximum). They add tokens for images, we do not: fewer tokens make a lower figure, and a
 * gate must never be above theirs. At least 1 msat.
 */
export function clientsFormula(shown: Shown, asked: AskedRequest): Msat {
  const { sats, contextLength, outputLimit } = shown
  let gate = Math.max(1, Math.floor(sats.max_cost * 1000 * TOLERANCE))
  const promptTokens = Math.floor(asked.promptCharacters / 3)
  const promptLimit = contextLength > outputLimit ? contextLength - outputLimit : contextLength
  const unusedPrompt = promptLimit * sats.prompt * TOLERANCE - promptTokens * sats.prompt
  if (promptTokens > 0 && unusedPrompt > 0) gate -= Math.floor(unusedPrompt * 1000)
  const limit = asked.formulaOutputTokens ?? 0
  const unusedOutput = sats.max_completion_cost * TOLERANCE - limit * sats.completion
  if (limit > 0 && unusedOutput > 0) gate -= Math.floor(unusedOutput * 1000)
  return msat(BigInt(Math.max(gate, 1)))
}
