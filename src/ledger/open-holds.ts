import { msat } from '../money/index.ts'
import { run, type Selectable, statement, type Tx } from '../storage/index.ts'
import { toAccountId } from './accounts.ts'
import { type Hold, makeHold } from './hold.ts'
import type { LedgerTables } from './ledger-tables.ts'

/** A hold that a dead run of the process left open, with what its last heartbeat saved. */
export interface OrphanHold {
  readonly hold: Hold
  readonly terms: string
  readonly delivered: string | undefined
}

const saveDelivered = statement<LedgerTables, { id: bigint; delivered: string }, unknown>((db, slot) =>
  db
    .updateTable('hold')
    .set({ delivered_json: slot('delivered') })
    .where('id', '=', slot('id'))
    .where('state', '=', 'open'),
)
const selectOrphans = statement<
  LedgerTables,
  { boot: string; limit: number },
  Pick<
    Selectable<LedgerTables['hold']>,
    'id' | 'call_id' | 'account_id' | 'amount_msat' | 'terms_json' | 'delivered_json'
  >
>((db, slot) =>
  db
    .selectFrom('hold')
    .select(['id', 'call_id', 'account_id', 'amount_msat', 'terms_json', 'delivered_json'])
    .where('state', '=', 'open')
    .where('boot', '<>', slot('boot'))
    .limit(slot('limit')),
)

/** Saves how far running calls have got, so that a crash charges what was delivered and no more. */
export async function heartbeat(
  tx: Tx,
  beats: readonly { holdId: bigint; delivered: string }[],
): Promise<void> {
  for (const { holdId, delivered } of beats) await run(tx, saveDelivered, { id: holdId, delivered })
}

/** Open holds of runs other than `boot`, at most `limit`. */
export async function listOrphanHolds(
  tx: Tx,
  { boot, limit }: { boot: string; limit: number },
): Promise<OrphanHold[]> {
  const rows = await run(tx, selectOrphans, { boot, limit })
  return rows.map((row) => ({
    hold: makeHold({
      id: row.id,
      callId: row.call_id,
      accountId: toAccountId(row.account_id),
      amount: msat(row.amount_msat),
    }),
    terms: row.terms_json,
    delivered: row.delivered_json ?? undefined,
  }))
}
