import { createHash, randomBytes } from 'node:crypto'
import { isPoint, isPrivate, pointAdd, pointFromScalar, pointMultiply, privateNegate } from 'tiny-secp256k1'
import { assert } from '../../lib/index.ts'

// tiny-secp256k1 is libsecp256k1 as WebAssembly. The curve code inside cashu-ts is right too, but takes ten times as long,
// and that time would be taken from every other request.

const DOMAIN = Buffer.from('Secp256k1_HashToCurve_Cashu_')

/** NUT-00 `hash_to_curve`: the point Y of a secret, compressed. */
export function hashToCurve(secret: string): Buffer {
  const message = createHash('sha256').update(DOMAIN).update(secret, 'utf8').digest()
  const counter = Buffer.alloc(4)
  const candidate = Buffer.alloc(33, 2)
  for (let i = 0; i < 2 ** 16; i += 1) {
    counter.writeUInt32LE(i)
    createHash('sha256').update(message).update(counter).digest().copy(candidate, 1)
    if (isPoint(candidate)) return candidate
  }
  throw new Error('no point was found for a secret')
}

/** A random scalar between 1 and the order of the curve. */
export function randomScalar(): Buffer {
  for (;;) {
    const bytes = randomBytes(32)
    if (isPrivate(bytes)) return bytes
  }
}

/** B' = Y + r·G: what the mint signs without seeing the secret (NUT-00). */
export function blind(secret: string, r: Uint8Array): Buffer {
  return point(pointAdd(hashToCurve(secret), point(pointFromScalar(r, true)), true))
}

/** C = C' − r·A: the signature on the secret itself. `key` is the mint's public key A of the amount. */
export function unblind(signature: Uint8Array, r: Uint8Array, key: Uint8Array): Buffer {
  return point(pointAdd(signature, point(pointMultiply(key, privateNegate(r), true)), true))
}

/** Whether a text is a compressed point of the curve, as hex. */
export function isPointHex(hex: string): boolean {
  return /^0[23][0-9a-f]{64}$/i.test(hex) && isPoint(Buffer.from(hex, 'hex'))
}

/** The compressed or uncompressed point as bytes; the point at infinity cannot come out of honest numbers. */
export function point(result: Uint8Array | null): Buffer {
  assert(result, 'a sum of points is the point at infinity')
  return Buffer.from(result)
}
