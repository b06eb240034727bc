import { forgetDeparture, listDeadDepartures, returnCharge } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import type { Payments } from '../wallets/index.ts'
import type { Rooms } from './rooms.ts'

type Books = Pick<Rooms, 'storage' | 'boot' | 'revenue' | 'clock'>
interface Helpers {
  readonly payments: Payments
  /** Which of these holds have an answer that their callers can still fetch. */
  readonly answered: (holdIds: readonly bigint[]) => Promise<ReadonlySet<bigint>>
}

/**
 * Gives back what a dead run took for replies that had not left when it died. A wallet has its money again, a one-shot
 * payer more change. To be run before orphans are closed and before anybody is served.
 * @returns how many charges were given back
 */
export async function returnUndelivered(books: Books, { payments, answered }: Helpers): Promise<number> {
  const { storage, boot, revenue: from, clock } = books
  let count = 0
  for (const dead of await storage.read((tx) => listDeadDepartures(tx, boot))) {
    const kept = await answered(dead.holdIds)
    for (const holdId of dead.holdIds) {
      if (kept.has(holdId)) continue
      failpoint('recovery.returning')
      const at = clock.now()
      const returned = await storage.transact(async (tx) => {
        const charge = await returnCharge(tx, { holdId, from, at })
        if (charge) await payments.addReturned(tx, { ...charge, at })
        return charge
      })
      if (returned) count += 1
    }
    await storage.transact((tx) => forgetDeparture(tx, dead.boot))
  }
  return count
}
