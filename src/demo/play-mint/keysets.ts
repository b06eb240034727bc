import { deriveKeysetId } from '@cashu/cashu-ts'
import { compress, multiply, proveDleq, publicPoint, randomScalar } from './curve.ts'
import { CODES, MintError } from './mint-error.ts'

/** Amounts 1, 2, 4 … 2³¹. */
const AMOUNTS = Array.from({ length: 32 }, (_, power) => 2 ** power)

interface MintKey {
  readonly scalar: Buffer
  /** Uncompressed. */
  readonly publicKey: Buffer
}

export interface Keyset {
  readonly id: string
  readonly unit: string
  readonly keys: ReadonlyMap<number, MintKey>
  active: boolean
  feePpk: number
}

/** A blind signature as it goes over the wire. */
export interface Signature {
  readonly id: string
  readonly amount: number
  readonly C_: string
  readonly dleq: { readonly e: string; readonly s: string }
}

/** Every keyset the mint ever had; one per unit is active. */
export class Keysets {
  readonly #all = new Map<string, Keyset>()
  readonly #version: 1 | 2

  constructor(version: 1 | 2) {
    this.#version = version
  }

  /** Makes a new active keyset; the unit's old one stays spendable. */
  rotate(unit: string, feePpk: number): Keyset {
    const keys = new Map<number, MintKey>()
    for (const amount of AMOUNTS) {
      const scalar = randomScalar()
      keys.set(amount, { scalar, publicKey: publicPoint(scalar) })
    }
    const versionByte = this.#version === 1 ? 0 : 1
    const id = deriveKeysetId(publicKeys(keys), { unit, input_fee_ppk: feePpk, versionByte })
    const old = this.activeOf(unit)
    if (old) old.active = false
    const keyset: Keyset = { id, unit, keys, active: true, feePpk }
    this.#all.set(id, keyset)
    return keyset
  }

  /**
   * Changes the fee of a unit's active keyset. An id of version 1 says nothing about the fee, so the keyset stays; an id of
   * version 2 commits to it, so this is a rotation.
   */
  setFee(unit: string, feePpk: number): Keyset {
    const active = this.activeOf(unit)
    if (!active || this.#version === 2) return this.rotate(unit, feePpk)
    active.feePpk = feePpk
    return active
  }

  activeOf(unit: string): Keyset | undefined {
    return this.all().find((keyset) => keyset.unit === unit && keyset.active)
  }

  all(): Keyset[] {
    return [...this.#all.values()]
  }

  /** @throws MintError 12001 */
  get(id: string): Keyset {
    const keyset = this.#all.get(id)
    if (!keyset) throw new MintError(CODES.keysetUnknown, `Keyset ${id} is not known`)
    return keyset
  }
}

/** The key of one amount. @throws MintError 10001 */
export function keyOf(keyset: Keyset, amount: number): MintKey {
  const key = keyset.keys.get(amount)
  if (!key) throw new MintError(CODES.badProof, `Keyset ${keyset.id} has no key for the amount ${amount}`)
  return key
}

/** Signs a blinded point (any encoding) with the key of `amount`. */
export function sign(keyset: Keyset, amount: number, blinded: Uint8Array): Signature {
  const key = keyOf(keyset, amount)
  const signed = multiply(blinded, key.scalar)
  const dleq = proveDleq(key, blinded, signed)
  return { id: keyset.id, amount, C_: compress(signed).toString('hex'), dleq }
}

/** NUT-02's description of a keyset; NUT-01 adds the keys. */
export function describeKeyset(keyset: Keyset): Record<string, unknown> {
  const { id, unit, active, feePpk } = keyset
  return { id, unit, active, input_fee_ppk: feePpk, final_expiry: null }
}

export function publicKeys(keys: ReadonlyMap<number, MintKey>): Record<string, string> {
  return Object.fromEntries(
    [...keys].map(([amount, key]) => [String(amount), compress(key.publicKey).toString('hex')]),
  )
}
