import { type Msat, msat } from '../money/index.ts'
import { sql, tablesOf, type Tx } from '../storage/index.ts'
import type { AccountKind } from './accounts.ts'
import type { LedgerTables } from './ledger-tables.ts'

export interface TrialBalance {
  /** The sum of all entries; anything but zero is a fault. */
  readonly sum: Msat
  /** Sums by kind, credit-positive. */
  readonly byKind: Readonly<Record<AccountKind, Msat>>
  /** What was entered in each account, credit-positive, by its code. */
  readonly byAccount: ReadonlyMap<string, Msat>
  /** Accounts whose kept balance, reserve or call totals are not what their entries and holds come to. */
  readonly wrongAccounts: readonly string[]
  /** Resolved holds whose entries are not their charge. */
  readonly wrongHolds: number
  readonly entries: number
  readonly openHolds: number
}

/** Adds the books up from their entries and compares every balance that is kept. Reads everything; not for the hot path. */
export async function trialBalance(tx: Tx): Promise<TrialBalance> {
  const tables = tablesOf<LedgerTables>(tx)
  const accounts = await sql<{
    code: string
    kind: AccountKind
    posted: bigint
    reserved: bigint
    entered: bigint
    held: bigint
    calls: bigint
    spent: bigint
    settled: bigint
    charged: bigint
  }>`
    SELECT code, kind, posted_msat AS posted, reserved_msat AS reserved,
      coalesce(e.total, 0) AS entered, coalesce(h.total, 0) AS held,
      calls, spent_msat AS spent, coalesce(c.settled, 0) AS settled, coalesce(c.charged, 0) AS charged
    FROM account
    LEFT JOIN (SELECT account_id, sum(amount_msat) AS total FROM entry GROUP BY account_id) e ON e.account_id = account.id
    LEFT JOIN (SELECT account_id, sum(amount_msat) AS total FROM hold WHERE state = 'open' GROUP BY account_id) h
      ON h.account_id = account.id
    LEFT JOIN (SELECT account_id, count(*) AS settled, sum(charge_msat) AS charged FROM hold
      WHERE state = 'settled' AND returned_at IS NULL GROUP BY account_id) c ON c.account_id = account.id`.execute(
    tables,
  )
  const byKind = { asset: 0n, liability: 0n, income: 0n, expense: 0n }
  const byAccount = new Map<string, Msat>()
  const wrongAccounts: string[] = []
  for (const row of accounts.rows) {
    byKind[row.kind] += row.entered
    byAccount.set(row.code, msat(row.entered))
    const isWrong = row.kind !== 'income' && row.posted !== row.entered
    const isMiscounted = row.calls !== row.settled || row.spent !== row.charged
    if (isWrong || isMiscounted || row.reserved !== row.held) wrongAccounts.push(row.code)
  }
  const holds = await sql<{ wrong: bigint }>`
    SELECT count(*) AS wrong FROM hold LEFT JOIN
      (SELECT hold_id, sum(amount_msat) AS total, max(amount_msat) AS taken FROM entry WHERE hold_id IS NOT NULL GROUP BY hold_id) e
      ON e.hold_id = hold.id
    WHERE (state = 'open' AND e.taken IS NOT NULL) OR coalesce(e.total, 0) <> 0
      OR (state <> 'open' AND coalesce(e.taken, 0) <> coalesce(charge_msat, 0))`.execute(tables)
  const counts = await sql<{ entries: bigint; open: bigint; total: bigint | null }>`
    SELECT (SELECT count(*) FROM entry) AS entries, (SELECT sum(amount_msat) FROM entry) AS total,
      (SELECT count(*) FROM hold WHERE state = 'open') AS open`.execute(tables)
  const [count = { entries: 0n, total: null, open: 0n }] = counts.rows
  const [{ wrong } = { wrong: 0n }] = holds.rows
  const { asset, liability, income, expense } = byKind
  return {
    sum: msat(count.total ?? 0n),
    byKind: { asset: msat(asset), liability: msat(liability), income: msat(income), expense: msat(expense) },
    byAccount,
    wrongAccounts,
    wrongHolds: Number(wrong),
    entries: Number(count.entries),
    openHolds: Number(count.open),
  }
}
