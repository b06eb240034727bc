import { z } from 'zod'
import { feeExceedsEcash, mintUnreachable } from '../problems.ts'
import type { Keyset } from '../store/keyset-store.ts'
import { makeOutputs, type Output, toMessage } from './outputs.ts'
import { splitFewest, splitForChange } from './split.ts'

/** An input as it goes to the mint: no DLEQ (its `r` is not the mint's business), whole keyset id. */
interface Input {
  readonly amount: number
  readonly id: string
  readonly secret: string
  readonly C: string
}

/** Outputs that were asked for together. */
export interface OutputSet {
  readonly keysetId: string
  readonly feeSat: number
  readonly outputs: readonly Output[]
}

/** Everything needed to repeat a swap and to recognise its success. Money: sealed in its row, and wiped when it is over. */
export interface Plan {
  /** The exact bytes that are POSTed, every time. */
  readonly body: string
  readonly inputs: readonly Input[]
  readonly ys: readonly string[]
  /** The last set is that of `body`; earlier ones were refused as out of date, but are still asked for. */
  readonly sets: readonly OutputSet[]
}

interface Terms {
  readonly mint: string
  readonly inputs: readonly Input[]
  readonly ys: readonly string[]
  readonly feeSat: number
  /** Where the outputs go. */
  readonly keyset: Keyset
  /** For a send: what is paid out, whole. The rest is kept. */
  readonly sendSat: number
}

/**
 * Plans a swap of inputs into coins that are kept and coins that are sent. What is kept can pay any amount up to its sum.
 * @throws DomainError `cashu_token_swap_fees_exceed_amount`
 */
export function planSwap(terms: Terms, earlier: readonly OutputSet[] = []): Plan {
  const { inputs, ys, keyset, feeSat, sendSat } = terms
  const faceSat = sumOf(inputs)
  const keepSat = faceSat - feeSat - sendSat
  if (keepSat < 0 || keepSat + sendSat <= 0) throw feeExceedsEcash(faceSat, feeSat)
  const denominations = [...keyset.keys.keys()]
  const keep = splitForChange(keepSat, denominations)
  const send = splitFewest(sendSat, denominations)
  if (!keep || !send) throw mintUnreachable(terms.mint)
  const outputs = makeOutputs(keyset, { keep, send })
  const body = JSON.stringify({ inputs, outputs: outputs.map(toMessage) })
  return { body, inputs, ys, sets: [...earlier, { keysetId: keyset.id, feeSat, outputs }] }
}

function sumOf(coins: readonly { readonly amount: number }[]): number {
  return coins.reduce((sum, { amount }) => sum + amount, 0)
}

const planShape = z.object({
  body: z.string(),
  inputs: z.array(z.object({ amount: z.number(), id: z.string(), secret: z.string(), C: z.string() })),
  ys: z.array(z.string()),
  sets: z.array(
    z.object({
      keysetId: z.string(),
      feeSat: z.number(),
      outputs: z.array(
        z.object({
          amount: z.number(),
          keysetId: z.string(),
          secret: z.string(),
          r: z.string(),
          blinded: z.string(),
          role: z.enum(['keep', 'send']),
        }),
      ),
    }),
  ),
})

export function readPlan(json: string): Plan {
  return planShape.parse(JSON.parse(json))
}
