import type { OfferBook } from '../catalog/index.ts'
import type { Delivered } from '../dialects/index.ts'
import { listOrphanHolds, type OrphanHold, settle, voidHold } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import { minMsat, type Msat, msat, ZERO } from '../money/index.ts'
import type { Payments } from '../wallets/index.ts'
import { chargeFor, type ModelTermsOfCall } from './charge.ts'
import type { Rooms } from './rooms.ts'

const BATCH = 200

type Books = Pick<Rooms, 'storage' | 'boot' | 'revenue' | 'clock'>
interface Helpers {
  readonly payments: Payments
  readonly offers: OfferBook
  /** Told of a hold that could not be closed; the next start tries again. */
  readonly failed: (callId: string, error: unknown) => void
}

/** What recovery needs to charge a call to a model, as JSON: kept in its hold. `offer` is its digest in the offer book. */
export function modelTerms(
  call: Pick<ModelTermsOfCall, 'asked' | 'bounds'> & { dialect: string; offer: string },
): string {
  const { dialect, offer, asked, bounds } = call
  // None of these texts needs escapes.
  return `{"kind":"model","dialect":"${dialect}","offer":"${offer}","inputEstimate":${asked.inputEstimate},"bounds":${JSON.stringify(bounds)}}`
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
export async function closeOrphans(books: Books, helpers: Helpers): Promise<number> {
  let closed = 0
  for (let progress = 1; progress > 0; closed += progress) {
    progress = 0
    const orphans = await books.storage.read((tx) => listOrphanHolds(tx, { boot: books.boot, limit: BATCH }))
    for (const orphan of orphans) if (await tryToClose(books, helpers, orphan)) progress += 1
  }
  return closed
}

/** One hold that cannot be closed keeps its own money waiting, and nobody else's. */
async function tryToClose(books: Books, helpers: Helpers, orphan: OrphanHold): Promise<boolean> {
  try {
    await closeOrphan(books, helpers, orphan)
    return true
  } catch (error) {
    helpers.failed(orphan.hold.callId, error)
    return false
  }
}

async function closeOrphan(books: Books, { payments, offers }: Helpers, orphan: OrphanHold): Promise<void> {
  const { hold } = orphan
  const owed = await owedFor(orphan, offers)
  const at = books.clock.now()
  failpoint('recovery.closing')
  await books.storage.transact(async (tx) => {
    const closing = { hold, to: books.revenue, usage: owed.record, at }
    if (owed.charge === 0n) await voidHold(tx, closing)
    else await settle(tx, { ...closing, charge: owed.charge })
    await payments.resolveOrphan(tx, { accountId: hold.accountId, charge: owed.charge, at })
  })
}

const NOTHING = { charge: ZERO, record: '{"v":1,"ending":"crashed"}' }

/** What an orphan owes. */
async function owedFor(
  { hold, terms, delivered }: OrphanHold,
  offers: OfferBook,
): Promise<{ charge: Msat; record: string }> {
  if (delivered === undefined) return NOTHING
  const saved: unknown = JSON.parse(terms)
  const counts: unknown = JSON.parse(delivered)
  if (!isTerms(saved) || !isDelivered(counts) || !counts.hasContent) return NOTHING
  if (saved.kind === 'fixed') {
    return { charge: minMsat(msat(BigInt(saved.priceMsat)), hold.amount), record: NOTHING.record }
  }
  const { bounds, offer: digest } = saved
  const offer = await offers.get(digest)
  const [route] = offer.routes
  const reading = { ending: 'cut', wasLive: true, reported: undefined, delivered: counts, route } as const
  const charge = chargeFor({ offer, digest, asked: saved, bounds }, { held: hold.amount, reading })
  return { charge: charge.msat, record: charge.record }
}

type Terms =
  | { kind: 'fixed'; priceMsat: string }
  | {
      kind: 'model'
      dialect: string
      inputEstimate: number
      bounds: ModelTermsOfCall['bounds']
      offer: string
    }

function isTerms(value: unknown): value is Terms {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function isDelivered(value: unknown): value is Delivered {
  return typeof value === 'object' && value !== null && 'hasContent' in value && 'outputEstimate' in value
}
