import { type Msat, msat, negMsat } from '../money/index.ts'
import { first, run, statement, type Tx } from '../storage/index.ts'
import { type AccountId, toAccountId } from './accounts.ts'
import type { LedgerTables } from './ledger-tables.ts'
import { transfer } from './transfer.ts'

/** Holds of a dead run that may have been settled for replies which never left. */
interface DeadDeparture {
  readonly boot: string
  readonly holdIds: readonly bigint[]
}

/** A charge that was given back. */
interface Returned {
  readonly accountId: AccountId
  readonly charge: Msat
}

const save = statement<LedgerTables, { boot: string; holds: string }, unknown>((db, slot) =>
  db
    .insertInto('departure')
    .values({ boot: slot('boot'), holds_json: slot('holds') })
    .onConflict((conflict) => conflict.column('boot').doUpdateSet({ holds_json: slot('holds') })),
)
const listOthers = statement<LedgerTables, { boot: string }, LedgerTables['departure']>((db, slot) =>
  db.selectFrom('departure').selectAll().where('boot', '<>', slot('boot')),
)
const forget = statement<LedgerTables, { boot: string }, unknown>((db, slot) =>
  db.deleteFrom('departure').where('boot', '=', slot('boot')),
)
const markReturned = statement<
  LedgerTables,
  { id: bigint; at: number },
  { account_id: bigint; charge_msat: bigint | null }
>((db, slot) =>
  db
    .updateTable('hold')
    .set({ returned_at: slot('at') })
    .where('id', '=', slot('id'))
    .where('state', '=', 'settled')
    .where('returned_at', 'is', null)
    .returning(['account_id', 'charge_msat']),
)

const uncount = statement<LedgerTables, { id: AccountId; charge: Msat }, unknown>((db, slot) =>
  db
    .updateTable('account')
    .set((eb) => ({ calls: eb('calls', '-', 1n), spent_msat: eb('spent_msat', '-', slot('charge')) }))
    .where('id', '=', slot('id')),
)

/** Says which holds of a run may be settled while their replies have not left. */
export async function saveDeparture(tx: Tx, boot: string, holdIds: Iterable<bigint>): Promise<void> {
  await run(tx, save, { boot, holds: `[${[...holdIds].join()}]` })
}

/** What runs other than `boot` left behind. */
export async function listDeadDepartures(tx: Tx, boot: string): Promise<DeadDeparture[]> {
  const rows = await run(tx, listOthers, { boot })
  return rows.map((row) => ({ boot: row.boot, holdIds: readIds(row.holds_json) }))
}

export async function forgetDeparture(tx: Tx, boot: string): Promise<void> {
  await run(tx, forget, { boot })
}

/**
 * Gives the charge of a settled hold back to its payer, once: the hold stays settled, a transfer of its own
 * (`return:<hold id>`) undoes it. Undefined for a hold that was not settled, or was given back before.
 */
export async function returnCharge(
  tx: Tx,
  { holdId, from, at }: { holdId: bigint; from: AccountId; at: number },
): Promise<Returned | undefined> {
  const row = await first(tx, markReturned, { id: holdId, at })
  if (!row) return undefined
  const returned = { accountId: toAccountId(row.account_id), charge: msat(row.charge_msat ?? 0n) }
  await run(tx, uncount, { id: returned.accountId, charge: returned.charge })
  await transfer(tx, {
    reference: `return:${holdId}`,
    reason: 'not delivered',
    at,
    entries: [
      { account: from, amount: negMsat(returned.charge) },
      { account: returned.accountId, amount: returned.charge },
    ],
  })
  return returned
}

function readIds(json: string): bigint[] {
  const ids: unknown = JSON.parse(json)
  return Array.isArray(ids) ? ids.map((id) => BigInt(Number(id))) : []
}
