import { createHash } from 'node:crypto'
import { getDecodedTokenBinary, normalizeMintUrl } from '@cashu/cashu-ts'
import { z } from 'zod'
import { DomainError } from '../../lib/index.ts'
import { hashToCurve, isPointHex } from '../curve/curve.ts'
import { invalidEcash, lockedEcash, worthlessEcash } from '../problems.ts'
import type { Ecash, EcashProof } from './ecash.ts'

const TEXT_MAX = 256 * 1024
const PROOFS_MAX = 256
const SECRET_MAX = 1024
/** The largest coin; sums of 256 of them are still exact numbers, in msat too. */
const AMOUNT_MAX = 2 ** 34

const shape = z.object({ mint: z.string().max(2048), unit: z.string().max(32), proofs: z.array(z.unknown()) })
const dleqShape = z.object({ e: z.string(), s: z.string(), r: z.string() })
const proofShape = z.object({
  id: z.string().regex(/^(?:[0-9a-f]{16}|[0-9a-f]{66}|[A-Za-z0-9+/]{12})$/i),
  amount: z.int().min(1).max(AMOUNT_MAX),
  secret: z.string().min(1).max(SECRET_MAX),
  C: z.string().regex(/^0[23][0-9a-f]{64}$/i),
  dleq: dleqShape.optional().catch(undefined),
})

/**
 * Reads a serialised Cashu token, V3 (`cashuA`) or V4 (`cashuB`), with or without `cashu:` and padding (NUT-00). Pure: asks
 * nobody, believes nothing.
 * @throws DomainError `invalid_cashu_token`, `cashu_token_zero_value`, `cashu_token_locked`
 */
export function readEcash(text: string): Ecash {
  if (text.length > TEXT_MAX) throw invalidEcash('it is longer than 256 KiB')
  const decoded = shape.safeParse(decode(text.trim()))
  if (!decoded.success) throw invalidEcash('it cannot be decoded')
  const { mint, unit, proofs: raw } = decoded.data
  if (raw.length === 0) throw worthlessEcash()
  if (raw.length > PROOFS_MAX) throw invalidEcash(`it has more than ${PROOFS_MAX} proofs`)
  const proofs = withPoints(raw.map(readProof))
  return {
    mint: readMint(mint),
    unit,
    proofs,
    faceSat: proofs.reduce((sum, proof) => sum + proof.amountSat, 0),
    ecashId: idOf(proofs.map(({ y }) => y)),
  }
}

function decode(text: string): unknown {
  if (!/^(?:cashu:(?:\/\/)?)?cashu[AB]/.test(text))
    throw invalidEcash('it does not begin with cashuA or cashuB')
  const match = /^(?:cashu:(?:\/\/)?)?cashu([AB])([A-Za-z0-9_\-+/]+={0,2})$/.exec(text)
  if (!match) throw invalidEcash('it is not whole, or holds a character that no ecash has; copy all of it')
  const bytes = Buffer.from(match[2] ?? '', 'base64url')
  try {
    return match[1] === 'A' ? decodeV3(bytes) : decodeV4(bytes)
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    throw invalidEcash('it cannot be decoded')
  }
}

const v3Shape = z.object({
  token: z.array(z.object({ mint: z.string(), proofs: z.array(z.unknown()) })),
  unit: z.string().nullish(),
})

function decodeV3(bytes: Buffer): unknown {
  const { token, unit } = v3Shape.parse(JSON.parse(bytes.toString('utf8')))
  const [entry] = token
  if (!entry || token.length > 1) throw invalidEcash('it is not of one mint')
  return { ...entry, unit: unit ?? 'sat' }
}

function decodeV4(bytes: Buffer): unknown {
  // The binary form is the only one that cashu-ts decodes without knowing the mint's keysets.
  const { mint, unit, proofs } = getDecodedTokenBinary(Buffer.concat([Buffer.from('crawB'), bytes]))
  if (proofs.length > PROOFS_MAX) throw invalidEcash(`it has more than ${PROOFS_MAX} proofs`)
  return {
    mint,
    unit,
    proofs: proofs.map((proof) => ({ ...proof, amount: Number(proof.amount.toBigInt()) })),
  }
}

function readProof(raw: unknown): Omit<EcashProof, 'y'> {
  const parsed = proofShape.safeParse(raw)
  if (!parsed.success) throw invalidEcash('a proof has the wrong shape')
  const { id, amount, secret, C, dleq } = parsed.data
  // Two texts with lone surrogates can have the same UTF-8, and so the same point.
  if (!secret.isWellFormed()) throw invalidEcash('a secret is not text')
  // NUT-10 secrets are JSON arrays. A mint may read more leniently than we do, so whatever begins like one counts as one.
  if (/^[\s\uFEFF\0]*\[/.test(secret)) throw lockedEcash()
  return {
    keysetId: id.length === 12 ? id : id.toLowerCase(),
    amountSat: amount,
    secret,
    C: C.toLowerCase(),
    dleq,
  }
}

function withPoints(proofs: readonly Omit<EcashProof, 'y'>[]): EcashProof[] {
  const secrets = new Set(proofs.map(({ secret }) => secret))
  if (secrets.size !== proofs.length) throw invalidEcash('a secret is in it twice')
  if (!proofs.every(({ C }) => isPointHex(C))) throw invalidEcash('a signature is not a point of the curve')
  return proofs.map((proof) => ({ ...proof, y: hashToCurve(proof.secret).toString('hex') }))
}

/** The name of a set of coins: SHA-256 of their sorted Y. */
function idOf(ys: readonly string[]): string {
  return createHash('sha256').update(ys.toSorted().join('')).digest('hex')
}

function readMint(url: string): string {
  try {
    return normaliseMint(url)
  } catch {
    throw invalidEcash('its mint is not an address')
  }
}

/** A mint's address in the one form in which addresses are compared. @throws when it is not one */
export function normaliseMint(url: string): string {
  return normalizeMintUrl(url)
}
