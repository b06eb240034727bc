import { createHash } from 'node:crypto'
import {
  isPoint,
  isPrivate,
  pointAdd,
  pointCompress,
  pointFromScalar,
  pointMultiply,
  privateNegate,
} from 'tiny-secp256k1'
import { blind, point } from './curve.ts'

/** NUT-12: proves that a signature was made with the key that the mint publishes. Scalars as hex. */
export interface Dleq {
  readonly e: string
  readonly s: string
}

/** What was signed: the blinded message B', the signature C' on it, and the mint's public key A of the amount. */
interface Signed {
  readonly blinded: Uint8Array
  readonly signature: Uint8Array
  readonly key: Uint8Array
}

/** Whether the proof belongs to the signature. False for anything malformed. About 1 ms. */
export function isDleqValid({ e, s }: Dleq, { blinded, signature, key }: Signed): boolean {
  const [eBytes, sBytes] = [scalar(e), scalar(s)]
  if (!eBytes || !sBytes || ![blinded, signature, key].every((each) => isPoint(each))) return false
  const minusE = privateNegate(eBytes)
  const r1 = sum(pointFromScalar(sBytes), pointMultiply(key, minusE))
  const r2 = sum(pointMultiply(blinded, sBytes), pointMultiply(signature, minusE))
  if (!r1 || !r2) return false
  const hash = createHash('sha256')
  for (const each of [r1, r2, key, signature])
    hash.update(Buffer.from(pointCompress(each, false)).toString('hex'))
  return hash.digest().equals(eBytes)
}

/** The same for a proof that somebody handed on: `r` is the blinding factor of its first owner. About 2 ms. */
export function isProofDleqValid(
  dleq: Dleq & { readonly r: string },
  proof: { readonly secret: string; readonly C: string; readonly key: Uint8Array },
): boolean {
  const r = scalar(dleq.r)
  const C = Buffer.from(proof.C, 'hex')
  if (!r || !isPoint(C) || !isPoint(proof.key)) return false
  const signature = sum(C, pointMultiply(proof.key, r))
  if (!signature) return false
  return isDleqValid(dleq, { blinded: blind(proof.secret, r), signature, key: proof.key })
}

function scalar(hex: string): Buffer | undefined {
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined
  const bytes = Buffer.from(hex, 'hex')
  return isPrivate(bytes) ? bytes : undefined
}

function sum(a: Uint8Array | null, b: Uint8Array | null): Buffer | undefined {
  const both = a && b && pointAdd(a, b, true)
  return both ? point(both) : undefined
}
