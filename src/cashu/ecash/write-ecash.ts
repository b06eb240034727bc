import { Amount, getEncodedToken, PaymentRequest } from '@cashu/cashu-ts'
import type { OwnProof } from './ecash.ts'

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
