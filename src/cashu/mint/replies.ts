import { z } from 'zod'

/** A blind signature of the mint. */
export interface BlindSignature {
  readonly id: string
  readonly amount: number
  /** C', 33 bytes in hex. */
  readonly signed: string
  readonly dleq: { readonly e: string; readonly s: string } | undefined
}

export type ProofState = 'UNSPENT' | 'PENDING' | 'SPENT'

const signature = z
  .object({
    id: z.string(),
    amount: z.int(),
    C_: z.string(),
    dleq: z.object({ e: z.string(), s: z.string() }).nullish(),
  })
  .transform(({ id, amount, C_: signed, dleq }): BlindSignature => ({
    id,
    amount,
    signed,
    dleq: dleq ?? undefined,
  }))

export const swapReply = z.object({ signatures: z.array(signature) })
export const restoreReply = z.object({
  outputs: z.array(z.object({ B_: z.string() }).transform(({ B_: blinded }) => blinded)),
  signatures: z.array(signature),
})
export const statesReply = z.object({
  states: z.array(z.object({ Y: z.string(), state: z.enum(['UNSPENT', 'PENDING', 'SPENT']) })),
})

const KEYSETS_MAX = 2000
const KEYS_MAX = 256

const listed = z.object({
  id: z.string().max(128),
  unit: z.string().max(32),
  active: z.boolean(),
  input_fee_ppk: z.int().min(0).nullish(),
  final_expiry: z.int().nullish(),
})
export const keysetsReply = z.object({ keysets: z.array(listed).max(KEYSETS_MAX) })
export const keysReply = z.object({
  keysets: z.array(
    z.object({
      id: z.string(),
      unit: z.string(),
      keys: z.record(z.string(), z.string()).refine((keys) => Object.keys(keys).length <= KEYS_MAX),
    }),
  ),
})

export type ListedKeyset = z.infer<typeof listed>
type MintError = { readonly detail: string; readonly code: number | undefined }

const errorReply = z.object({ detail: z.unknown().optional(), code: z.number().optional().catch(undefined) })

/** NUT-00's error body; undefined when the body is something else, such as a proxy's page. */
export function readMintError(body: unknown): MintError | undefined {
  const parsed = errorReply.safeParse(body)
  if (!parsed.success || !('detail' in parsed.data || parsed.data.code !== undefined)) return undefined
  const { detail, code } = parsed.data
  return { detail: typeof detail === 'string' ? detail.slice(0, 200) : '', code }
}
