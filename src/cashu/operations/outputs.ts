import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { blind, isPointHex, randomScalar, unblind } from '../curve/curve.ts'
import { isDleqValid } from '../curve/dleq.ts'
import type { OwnProof } from '../ecash/ecash.ts'
import type { BlindSignature } from '../mint/replies.ts'
import type { Keyset } from '../store/keyset-store.ts'

/** A blinded message of ours and what unblinds its signature. As money: sealed wherever it is stored. */
export interface Output {
  readonly amount: number
  readonly keysetId: string
  readonly secret: string
  /** Blinding factor, hex. */
  readonly r: string
  /** B', hex. */
  readonly blinded: string
  readonly role: 'keep' | 'send'
}

/** Fresh outputs with random secrets, ascending, so that their order tells the mint nothing. */
export function makeOutputs(
  keyset: Keyset,
  coins: Readonly<Record<Output['role'], readonly number[]>>,
): Output[] {
  const make =
    (role: Output['role']) =>
    (amount: number): Output => {
      const secret = randomBytes(32).toString('hex')
      const r = randomScalar()
      return {
        amount,
        keysetId: keyset.id,
        secret,
        r: r.toString('hex'),
        blinded: blind(secret, r).toString('hex'),
        role,
      }
    }
  return [...coins.keep.map(make('keep')), ...coins.send.map(make('send'))].toSorted(
    (a, b) => a.amount - b.amount,
  )
}

/** The blinded message as it goes to the mint (NUT-00). */
export function toMessage({ amount, keysetId, blinded }: Output): { amount: number; id: string; B_: string } {
  return { amount, id: keysetId, B_: blinded }
}

export type NewProof = OwnProof & { readonly role: Output['role'] }

/** Unblinding costs about 0.3 ms a coin, its DLEQ 1 ms; other requests get a turn after this many. */
const COINS_PER_TURN = 4

/**
 * The coins that signatures make of outputs. Undefined when a signature is not on its output: wrong amount, wrong keyset, no
 * point, or a DLEQ (NUT-12) that does not hold.
 */
export async function unblindAll(
  outputs: readonly Output[],
  signatures: readonly BlindSignature[],
  keyset: Keyset,
): Promise<NewProof[] | undefined> {
  if (signatures.length !== outputs.length) return undefined
  const proofs: NewProof[] = []
  for (const [i, output] of outputs.entries()) {
    if (i % COINS_PER_TURN === COINS_PER_TURN - 1) await nextTurn()
    const signature = signatures[i]
    const proof = signature && unblindOne(output, signature, keyset)
    if (!proof) return undefined
    proofs.push(proof)
  }
  return proofs
}

function unblindOne(output: Output, signature: BlindSignature, keyset: Keyset): NewProof | undefined {
  const keyHex = keyset.keys.get(output.amount)
  const isOfOutput = signature.amount === output.amount && signature.id === output.keysetId
  if (!keyHex || !isOfOutput || !isPointHex(signature.signed)) return undefined
  const key = Buffer.from(keyHex, 'hex')
  const point = Buffer.from(signature.signed, 'hex')
  const blinded = Buffer.from(output.blinded, 'hex')
  if (signature.dleq && !isDleqValid(signature.dleq, { blinded, signature: point, key })) return undefined
  return {
    keysetId: output.keysetId,
    amountSat: output.amount,
    secret: output.secret,
    C: unblind(point, Buffer.from(output.r, 'hex'), key).toString('hex'),
    role: output.role,
  }
}
