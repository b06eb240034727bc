import { type Msat, msat } from '../money/index.ts'
import { first, statement, type Tx } from '../storage/index.ts'
import type { LedgerTables } from './ledger-tables.ts'

const selectByCall = statement<
  LedgerTables,
  { call: string },
  { amount_msat: bigint; charge_msat: bigint | null }
>((db, slot) =>
  db.selectFrom('hold').select(['amount_msat', 'charge_msat']).where('call_id', '=', slot('call')),
)

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
    charge: row.charge_msat === null ? undefined : msat(row.charge_msat),
  }
}
