import { z } from 'zod'
import { MintError } from './mint-error.ts'

/** As Nutshell: more items in one array are refused before anything is looked at. */
const MAX_ITEMS = 1000

const amount = z.int().positive()
const point = z.string().regex(/^0[23][0-9a-fA-F]{64}$/)

const proof = z.object({
  id: z.string(),
  amount,
  secret: z.string().max(1024),
  C: point,
  witness: z.string().nullish(),
})
const output = z.object({ id: z.string(), amount, B_: point }).transform(named)
const outputs = z.array(output).min(1).max(MAX_ITEMS)

const swap = z.object({ inputs: z.array(proof).min(1).max(MAX_ITEMS), outputs })
const states = z.object({ Ys: z.array(z.string()).max(MAX_ITEMS) })
// Blank outputs of NUT-08 and outputs of a lost request are restored by their point alone; their amount is not looked at.
const restore = z.object({
  outputs: z.array(z.object({ id: z.string(), amount: z.int(), B_: point }).transform(named)).max(MAX_ITEMS),
})
const quote = z.object({ amount, unit: z.string() })
const mint = z.object({ quote: z.string(), outputs })

export type Input = z.infer<typeof proof>
export type Output = z.infer<typeof output>
export type SwapRequest = z.infer<typeof swap>
export type MintRequest = z.infer<typeof mint>
export type QuoteRequest = z.infer<typeof quote>

/** Readers of request bodies (JSON text). @throws MintError with status 422 */
export const readSwap = (body: string): SwapRequest => read(swap, body)
export const readStates = (body: string): z.infer<typeof states> => read(states, body)
export const readRestore = (body: string): z.infer<typeof restore> => read(restore, body)
export const readQuote = (body: string): QuoteRequest => read(quote, body)
export const readMint = (body: string): MintRequest => read(mint, body)

/** The protocol's `B_`, by a name that says what it is. */
function named<T extends { B_: string }>({ B_: blinded, ...rest }: T): Omit<T, 'B_'> & { blinded: string } {
  return { ...rest, blinded }
}

function read<T>(shape: z.ZodType<T>, body: string): T {
  const result = shape.safeParse(parse(body))
  if (!result.success) throw new MintError(0, z.prettifyError(result.error), 422)
  return result.data
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new MintError(0, 'The body is not JSON', 422)
  }
}
