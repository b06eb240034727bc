import type { Request } from 'express'
import { z } from 'zod'
import { DomainError, repeatedKey } from '../../lib/index.ts'
import { readIdempotencyKey } from '../idempotency/answers.ts'
import { readBody } from '../read-body.ts'

const WALLET_BODY_BYTES_MAX = 300 * 1024
const SAT_MAX = 2_100_000_000_000_000
const SATS = 'write a whole number of sats, as 100'
const MINT = 'write the address of a mint, as https://mint.example'

export const ecashBody = z.object({
  cashu_token: z.string().optional(),
  initial_balance_token: z.string().optional(),
  token: z.string().optional(),
  admin_key: z.string().min(16).max(200).optional(),
})
export const wishBody = z.object({
  amount: z.number(SATS).int(SATS).positive(SATS).max(SAT_MAX, SATS).nullish(),
  mint: z.string(MINT).max(300, MINT).nullish(),
})

interface EcashInput {
  readonly ecash: string
  readonly adminKey: string | undefined
  /** Whether it came as `initial_balance_token`, whose senders read balances in msat. */
  readonly isNetworkShape: boolean
}

/** Ecash in the body or the query, under each of the names that clients give it. */
export async function readEcashInput(request: Request): Promise<EcashInput> {
  const query = Object.fromEntries(URL.parse(request.url, 'http://node')?.searchParams ?? [])
  const body = request.method === 'POST' ? await readJson(request) : {}
  const given = read(ecashBody, { ...query, ...body })
  const ecash = given.cashu_token ?? given.initial_balance_token ?? given.token
  if (!ecash) {
    throw new DomainError(
      'invalid_request',
      'There is no ecash in this request. Send {"cashu_token":"cashuB…"}.',
      {
        details: { param: 'cashu_token' },
      },
    )
  }
  return { ecash: ecash.trim(), adminKey: given.admin_key, isNetworkShape: given.cashu_token === undefined }
}

export async function readWish(
  request: Request,
): Promise<{ amountSat: number | undefined; mint: string | undefined; idempotencyKey: string | undefined }> {
  const wish = read(wishBody, await readJson(request))
  return {
    amountSat: wish.amount ?? undefined,
    mint: wish.mint?.replace(/\/+$/, ''),
    idempotencyKey: readIdempotencyKey(request.headers['idempotency-key']),
  }
}

async function readJson(request: Request): Promise<Record<string, unknown>> {
  const body = await readBody(request, WALLET_BODY_BYTES_MAX)
  if (body.length === 0) return {}
  const parsed = parse(body.toString('utf8'))
  const repeated = repeatedKey(body)
  if (repeated === undefined) return parsed
  const key = repeated.slice(0, 100)
  throw new DomainError('duplicate_key', `The key '${key}' is in the body twice. Nothing was moved.`, {
    details: { param: key },
  })
}

function parse(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // Falls through to the one answer for everything that is not an object.
  }
  throw new DomainError('invalid_json', 'The body is not a JSON object. Nothing was moved.')
}

function read<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const param = issue?.path.join('.') ?? ''
  throw new DomainError('invalid_request', `${param}: ${issue?.message ?? 'not valid'}. Nothing was moved.`, {
    details: { param },
  })
}
