import type { Cashu } from '../../../cashu/index.ts'
import { DomainError } from '../../../lib/index.ts'
import { ceilSat, type Msat, satToMsat } from '../../../money/index.ts'
import { type Ask, requiredFor } from '../../ask.ts'

const FEE_STEPS_MAX = 100

/** The fewest whole sats that, brought in the fewest proofs, satisfy a need that grows with the mint's fee. */
function fewestSats(cashu: Cashu, need: (fee: Msat) => Msat, mint?: string): number {
  let sats = Math.max(1, ceilSat(need(satToMsat(0))))
  for (let step = 0; step < FEE_STEPS_MAX; step += 1) {
    const wanted = ceilSat(need(satToMsat(cashu.feeFor(sats, mint))))
    if (wanted <= sats) return sats
    sats = wanted
  }
  return sats
}

/** What to bring for the call in full, in whole sats with the mint's fee. */
export function requiredSats(cashu: Cashu, ask: Ask, mint?: string): number {
  const required = requiredFor(ask)
  return fewestSats(cashu, (fee) => satToMsat(ceilSat(required) + Number(fee / 1000n)), mint)
}

/** What to bring to be let in. */
export function minimumSats(cashu: Cashu, ask: Ask, mint?: string): number {
  return fewestSats(cashu, (fee) => ask.gateWith(fee), mint)
}

/** Ecash that is worth too little, seen before it was redeemed: the exact amount to bring, and no `X-Cashu`. */
export function minimumBalanceRequired(
  cashu: Cashu,
  ask: Ask,
  { mint, net }: { mint: string; net: Msat },
): DomainError {
  const requiredSat = requiredSats(cashu, ask, mint)
  const minimumSat = minimumSats(cashu, ask, mint)
  return new DomainError(
    'minimum_balance_required',
    `${ask.what} needs ecash of ${requiredSat} sat (${minimumSat} at least); after the mint's fee this is worth ${net} msat. It was not redeemed.`,
    {
      details: {
        amount_required_msat: requiredSat * 1000,
        minimum_msat: minimumSat * 1000,
        available_msat: Number(net),
        model: ask.what,
        mints: cashu.mints(),
      },
    },
  )
}
