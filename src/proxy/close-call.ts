import type { Payer } from '../access/index.ts'
import type { CostReport } from '../dialects/index.ts'
import { type Hold, settle, voidHold } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import type { Msat } from '../money/index.ts'
import type { Rooms } from './rooms.ts'
import type { Charge } from './sale.ts'
import type { Visit } from './visit.ts'

/** What was taken for a call, and what went back. */
export interface Receipt {
  readonly charge: Charge
  /** Change as ecash, for a one-shot payer who has some. */
  readonly change: string | undefined
  /** Whether the change may travel in the head of the reply. */
  readonly payment: { readonly id: string; readonly isLater: boolean } | undefined
  /** What the payer's account has left; undefined for one-shot payers. */
  readonly remaining: Msat | undefined
}

/** Settlement, usage record and change, in one transaction. */
export async function closeCall(
  rooms: Rooms,
  { visit, payer, hold, charge }: { visit: Visit; payer: Payer; hold: Hold; charge: Charge },
): Promise<Receipt> {
  failpoint('call.served')
  const at = rooms.clock.now()
  const settlement = { hold, charge: charge.msat, to: rooms.revenue, usage: charge.record, at }
  const receipt = await rooms.storage.transact(async (tx): Promise<Receipt> => {
    const balance = await (charge.msat === 0n ? voidHold(tx, settlement) : settle(tx, settlement))
    const change = await payer.resolved(tx, { balance, charge: charge.msat, callId: visit.callId, at })
    return {
      charge,
      change,
      payment: payer.payment && { id: payer.payment.id, isLater: visit.wantsChangeLater },
      remaining: payer.payment ? undefined : balance.available,
    }
  })
  failpoint('call.settled')
  return receipt
}

/** The cost as the reply's body states it. */
export function reportOf({ charge, change, payment, remaining }: Receipt): CostReport {
  return {
    totalMsats: charge.msat,
    inputMsats: charge.inputMsat,
    outputMsats: charge.outputMsat,
    totalUsd: charge.usd,
    remainingMsats: remaining,
    estimated: charge.estimated,
    ...(payment?.isLater && { payment: { id: payment.id, change } }),
  }
}

/** The cost, and the change of a one-shot payer, as headers (`routstr-clients` §2.9). */
export function receiptHeaders({ charge, change, payment }: Receipt): Record<string, string> {
  const headers: Record<string, string> = {
    'x-routstr-cost-msats': String(charge.msat),
    'x-routstr-input-cost-msats': String(charge.inputMsat),
    'x-routstr-output-cost-msats': String(charge.outputMsat),
    'x-routstr-cost-usd': charge.usd.toFixed(12),
  }
  if (charge.estimated) headers['x-farebox-estimated'] = 'yes'
  if (change !== undefined && !payment?.isLater) headers['x-cashu'] = change
  return headers
}
