import { Amount, getEncodedToken, PaymentRequest } from '@cashu/cashu-ts'
import { assert } from '../../lib/index.ts'
import type { OwnProof } from './ecash.ts'
import { readEcash } from './read-ecash.ts'

/** Ecash as text: `cashuB` (V4), short keyset ids, no memo and no DLEQ, smallest coins first. */
export function writeEcash({ mint, proofs }: { mint: string; proofs: readonly OwnProof[] }): string {
  const sorted = proofs.toSorted((a, b) => a.amountSat - b.amountSat || (a.secret < b.secret ? -1 : 1))
  return getEncodedToken({
    mint,
    unit: 'sat',
    proofs: sorted.map(({ keysetId, amountSat, secret, C }) => ({
      id: keysetId,
      amount: Amount.from(amountSat),
      secret,
      C,
    })),
  })
}

/** One ecash with the coins of several of ours, all of one mint. */
export function joinEcash(texts: readonly string[]): string {
  const parts = texts.map(readEcash)
  const [first] = parts
  assert(first && parts.every(({ mint }) => mint === first.mint), 'ecash is joined at one mint')
  return writeEcash({ mint: first.mint, proofs: parts.flatMap(({ proofs }) => proofs) })
}

/** What a 402 asks for (NUT-18, NUT-24): `creqA…`, no transport, because the payment comes with the next request. */
export function writePaymentRequest(args: {
  amountSat: number
  mints: readonly string[]
  unit: 'sat'
}): string {
  const { amountSat, mints, unit } = args
  const text = new PaymentRequest(undefined, undefined, amountSat, unit, [...mints]).toEncodedCreqA()
  // cashu-ts writes plain base64, NUT-18 says URL-safe; its own reader takes both.
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
