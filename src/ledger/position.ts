import { type Msat, msat } from '../money/index.ts'
import { sql, tablesOf, type Tx } from '../storage/index.ts'
import type { LedgerTables } from './ledger-tables.ts'

/** Where the node stands, from the balances that are kept. */
export interface Position {
  /** What is owed to all payers. Ecash that was given out is owed by its mint. */
  readonly owed: Msat
  /** What asset accounts come to, by their code; positive. */
  readonly assets: readonly { readonly code: string; readonly amount: Msat }[]
  readonly openHolds: number
  /** Set aside by open holds. */
  readonly reserved: Msat
}

/** One look at every account's row, and none at entries: some milliseconds for a hundred thousand wallets. */
export async function position(tx: Tx): Promise<Position> {
  const tables = tablesOf<LedgerTables>(tx)
  const owed = await sql<{ total: bigint | null }>`
    SELECT sum(posted_msat) AS total FROM account
    WHERE kind = 'liability' AND NOT (code >= 'liability:issued:' AND code < 'liability:issued;')`.execute(
    tables,
  )
  const assets = await sql<{ code: string; posted: bigint }>`
    SELECT code, posted_msat AS posted FROM account WHERE code >= 'asset:' AND code < 'asset;' ORDER BY code`.execute(
    tables,
  )
  const holds = await sql<{ count: bigint; total: bigint | null }>`
    SELECT count(*) AS count, sum(amount_msat) AS total FROM hold WHERE state = 'open'`.execute(tables)
  return {
    owed: msat(owed.rows[0]?.total ?? 0n),
    assets: assets.rows.map(({ code, posted }) => ({ code, amount: msat(-posted) })),
    openHolds: Number(holds.rows[0]?.count ?? 0n),
    reserved: msat(holds.rows[0]?.total ?? 0n),
  }
}
