import { createHash, randomBytes } from 'node:crypto'
import { isPoint, pointAdd, pointCompress, pointFromScalar, pointMultiply } from 'tiny-secp256k1'

/** The order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const DOMAIN = Buffer.from('Secp256k1_HashToCurve_Cashu_')

interface Dleq {
  readonly e: string
  readonly s: string
}

export function randomScalar(): Buffer {
  for (;;) {
    const bytes = randomBytes(32)
    const value = toBigint(bytes)
    if (value > 0n && value < ORDER) return bytes
  }
}

export function isCurvePoint(hex: string): boolean {
  return /^0[23][0-9a-f]{64}$/i.test(hex) && isPoint(Buffer.from(hex, 'hex'))
}

/** NUT-00 `hash_to_curve`: the compressed point Y of a secret. */
export function hashToPoint(secret: string): Buffer {
  const message = sha256(DOMAIN, Buffer.from(secret))
  const counter = Buffer.alloc(4)
  const candidate = Buffer.alloc(33, 2)
  for (let i = 0; i < 2 ** 16; i += 1) {
    counter.writeUInt32LE(i)
    sha256(message, counter).copy(candidate, 1)
    if (isPoint(candidate)) return candidate
  }
  throw new Error('No point of the curve was found for a secret')
}

/** scalar × G, uncompressed. */
export function publicPoint(scalar: Uint8Array): Buffer {
  return known(pointFromScalar(scalar, false))
}

export function multiply(point: Uint8Array, scalar: Uint8Array): Buffer {
  return known(pointMultiply(point, scalar, false))
}

export function add(a: Uint8Array, b: Uint8Array): Buffer {
  return known(pointAdd(a, b, false))
}

export function compress(point: Uint8Array): Buffer {
  return Buffer.from(pointCompress(point, true))
}

/** NUT-12: proves that `signed` = k·`blinded` for the k of `publicKey`, without showing k. Points are uncompressed. */
export function proveDleq(
  key: { scalar: Uint8Array; publicKey: Uint8Array },
  blinded: Uint8Array,
  signed: Buffer,
): Dleq {
  const nonce = randomScalar()
  const points = [publicPoint(nonce), multiply(blinded, nonce), Buffer.from(key.publicKey), signed]
  const e = createHash('sha256')
    .update(points.map((point) => point.toString('hex')).join(''))
    .digest()
  const s = (toBigint(nonce) + toBigint(e) * toBigint(key.scalar)) % ORDER
  return { e: e.toString('hex'), s: s.toString(16).padStart(64, '0') }
}

function sha256(first: Uint8Array, second: Uint8Array): Buffer {
  return createHash('sha256').update(first).update(second).digest()
}

function toBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function known(point: Uint8Array | null): Buffer {
  if (point === null) throw new Error('A point at infinity came out of the curve')
  return Buffer.from(point)
}
