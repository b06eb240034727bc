import { randomBytes } from 'node:crypto'
import { Amount, createP2PKsecret, getEncodedToken, type Proof } from '@cashu/cashu-ts'
import { add, compress, hashToPoint, multiply, proveDleq, publicPoint, randomScalar } from './curve.ts'
import { type Keyset, keyOf } from './keysets.ts'

export interface EcashOptions {
  /** `A` is the old JSON form (V3), `B` the CBOR form (V4). Default `B`. */
  readonly version?: 'A' | 'B'
  readonly memo?: string
  /** Whether the proofs carry their DLEQ (NUT-12). Default true. */
  readonly dleq?: boolean
  /** The coins; default is the fewest. */
  readonly split?: readonly number[]
  readonly unit?: string
  /** Public key (33 bytes, hex) to which the coins are locked by NUT-11. */
  readonly p2pk?: string
}

/** Coins made by the mint itself, without the way over HTTP: about a millisecond each. */
export function issueProofs(keyset: Keyset, amount: number, options: EcashOptions): Proof[] {
  const coins = options.split ?? fewestCoins(amount)
  if (coins.reduce((sum, coin) => sum + coin, 0) !== amount)
    throw new Error(`The coins ${coins.join(' + ')} are not ${amount}`)
  return coins.map((coin) => issueProof(keyset, coin, options))
}

function issueProof(keyset: Keyset, amount: number, { p2pk, dleq = true }: EcashOptions): Proof {
  const secret = p2pk === undefined ? randomBytes(32).toString('hex') : createP2PKsecret(p2pk)
  const key = keyOf(keyset, amount)
  const y = hashToPoint(secret)
  const C = compress(multiply(y, key.scalar)).toString('hex')
  const proof: Proof = { id: keyset.id, amount: Amount.from(amount), secret, C }
  if (!dleq) return proof
  const r = randomScalar()
  const blinded = add(y, publicPoint(r))
  const proven = proveDleq(key, blinded, multiply(blinded, key.scalar))
  return { ...proof, dleq: { ...proven, r: r.toString('hex') } }
}

function fewestCoins(amount: number): number[] {
  if (!Number.isSafeInteger(amount) || amount <= 0) throw new Error(`Not an amount of ecash: ${amount}`)
  const coins: number[] = []
  for (let coin = 1, rest = amount; rest > 0; coin *= 2, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) coins.push(coin)
  }
  return coins
}

/** The text that a payer hands over. */
export function encodeEcash(
  token: { mint: string; unit: string; proofs: Proof[] },
  { version = 'B', memo }: EcashOptions,
): string {
  const { mint, unit, proofs } = token
  if (version === 'B') return getEncodedToken({ mint, unit, proofs, ...(memo !== undefined && { memo }) })
  const plain = proofs.map((proof) => ({ ...proof, amount: proof.amount.toNumber() }))
  const json = JSON.stringify({ token: [{ mint, proofs: plain }], unit, memo })
  return `cashuA${Buffer.from(json).toString('base64url')}`
}
