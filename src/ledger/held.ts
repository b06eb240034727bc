import { type Msat, msat, ZERO } from '../money/index.ts'
import { first, statement, type Tx } from '../storage/index.ts'
import type { LedgerTables } from './ledger-tables.ts'

type Taken = { charge_msat: bigint | null; returned_at: bigint | number | null }

const selectByCall = statement<LedgerTables, { call: string }, Taken & { amount_msat: bigint }>((db, slot) =>
  db
    .selectFrom('hold')
    .select(['amount_msat', 'charge_msat', 'returned_at'])
    .where('call_id', '=', slot('call')),
)

const selectCharge = statement<LedgerTables, { id: bigint }, Taken>((db, slot) =>
  db.selectFrom('hold').select(['charge_msat', 'returned_at']).where('id', '=', slot('id')),
)

/** What a hold was charged; undefined while it is open, and zero where it was given back. */
export async function chargeOf(tx: Tx, holdId: bigint): Promise<Msat | undefined> {
  const row = await first(tx, selectCharge, { id: holdId })
  return row && takenOf(row)
}

/**
 * What was set aside for a call and what was taken of it; undefined for a call that had no hold, and no charge while it
 * runs or where it was free. Reads the whole table: for receipts and tests, not for the hot path.
 */
export async function heldFor(
  tx: Tx,
  callId: string,
): Promise<{ readonly held: Msat; readonly charge: Msat | undefined } | undefined> {
  const row = await first(tx, selectByCall, { call: callId })
  if (!row) return undefined
  return {
    held: msat(row.amount_msat),
    charge: takenOf(row),
  }
}

function takenOf({ charge_msat: charge, returned_at: returned }: Taken): Msat | undefined {
  if (returned !== null) return ZERO
  return charge === null ? undefined : msat(charge)
}
