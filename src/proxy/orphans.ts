import { readOffer, writeOffer } from '../catalog/index.ts'
import type { Delivered } from '../dialects/index.ts'
import { listOrphanHolds, type OrphanHold, settle, voidHold } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import { minMsat, type Msat, msat, ZERO } from '../money/index.ts'
import type { Payments } from '../wallets/index.ts'
import { chargeFor, type ModelTermsOfCall } from './charge.ts'
import type { Rooms } from './rooms.ts'

const BATCH = 200

/** What recovery needs to charge a call to a model, as JSON: kept in its hold. */
export function modelTerms(call: ModelTermsOfCall): string {
  const { dialect, offer, asked, bounds } = call
  return `{"kind":"model","dialect":${JSON.stringify(dialect)},"inputEstimate":${asked.inputEstimate},"bounds":${JSON.stringify(bounds)},"offer":${writeOffer(offer)}}`
}

/** The same for a route that costs a fixed price once a byte of it has left. */
export function fixedTerms(price: Msat): string {
  return `{"kind":"fixed","priceMsat":"${price}"}`
}

/**
 * Closes the holds that a dead run left open: void where nothing was delivered, else what its last heartbeat saved, as an
 * estimate. Their one-shot payers get their change.
 * @returns how many were closed
 */
export async function closeOrphans(
  rooms: Pick<Rooms, 'storage' | 'boot' | 'revenue' | 'clock'>,
  payments: Payments,
): Promise<number> {
  let closed = 0
  for (;;) {
    const orphans = await rooms.storage.read((tx) => listOrphanHolds(tx, { boot: rooms.boot, limit: BATCH }))
    if (orphans.length === 0) return closed
    for (const orphan of orphans) await closeOrphan(rooms, payments, orphan)
    closed += orphans.length
  }
}

async function closeOrphan(
  rooms: Pick<Rooms, 'storage' | 'revenue' | 'clock'>,
  payments: Payments,
  orphan: OrphanHold,
): Promise<void> {
  const { hold } = orphan
  const owed = owedFor(orphan)
  const at = rooms.clock.now()
  failpoint('recovery.closing')
  await rooms.storage.transact(async (tx) => {
    const closing = { hold, to: rooms.revenue, usage: owed.record, at }
    if (owed.charge === 0n) await voidHold(tx, closing)
    else await settle(tx, { ...closing, charge: owed.charge })
    await payments.resolveOrphan(tx, { accountId: hold.accountId, charge: owed.charge, at })
  })
}

/** Pure: what an orphan owes. */
export function owedFor({ hold, terms, delivered }: OrphanHold): { charge: Msat; record: string } {
  const nothing = { charge: ZERO, record: '{"v":1,"ending":"crashed"}' }
  if (delivered === undefined) return nothing
  const saved: unknown = JSON.parse(terms)
  const counts: unknown = JSON.parse(delivered)
  if (!isTerms(saved) || !isDelivered(counts) || !counts.hasContent) return nothing
  if (saved.kind === 'fixed') {
    return { charge: minMsat(msat(BigInt(saved.priceMsat)), hold.amount), record: nothing.record }
  }
  const call = { dialect: saved.dialect, offer: readOffer(saved.offer), asked: saved, bounds: saved.bounds }
  const [route] = call.offer.routes
  const reading = { ending: 'cut', wasLive: true, reported: undefined, delivered: counts, route } as const
  const charge = chargeFor(call, { held: hold.amount, reading })
  return { charge: charge.msat, record: charge.record }
}

type Terms =
  | { kind: 'fixed'; priceMsat: string }
  | {
      kind: 'model'
      dialect: string
      inputEstimate: number
      bounds: ModelTermsOfCall['bounds']
      offer: unknown
    }

function isTerms(value: unknown): value is Terms {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function isDelivered(value: unknown): value is Delivered {
  return typeof value === 'object' && value !== null && 'hasContent' in value && 'outputEstimate' in value
}
