import type { Dleq } from '../curve/dleq.ts'

/** One coin of a presented ecash. */
export interface EcashProof {
  /** As it stands in the ecash: a keyset's whole id or its first eight bytes, lower-case hex; or an old base64 id. */
  readonly keysetId: string
  readonly amountSat: number
  readonly secret: string
  /** The mint's signature, 33 bytes in hex. */
  readonly C: string
  /** The point of the secret, 33 bytes in hex: the coin's name wherever it is presented. */
  readonly y: string
  readonly dleq: (Dleq & { readonly r: string }) | undefined
}

/** Ecash as it was read, before anybody was asked about it. */
export interface Ecash {
  /** Normalised: lower-case host, no slash at the end. Only a key for looking up; never a place to connect to. */
  readonly mint: string
  /** What the ecash says of itself. What counts is the unit of its keysets. */
  readonly unit: string
  readonly proofs: readonly EcashProof[]
  readonly faceSat: number
  /** SHA-256 (hex) of the sorted Y of its proofs: the same for every encoding of the same coins. */
  readonly ecashId: string
}

/** A coin of ours, as it is stored sealed. */
export interface OwnProof {
  readonly keysetId: string
  readonly amountSat: number
  readonly secret: string
  readonly C: string
}
