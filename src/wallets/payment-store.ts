import type { AccountId } from '../ledger/index.ts'
import { type Selectable, tablesOf, type Tx } from '../storage/index.ts'
import type { WalletTables } from './wallet-tables.ts'

/** `returning`: resolved, and more change is due that the till could not pay out at once. */
export type PaymentState = 'credited' | 'running' | 'returning' | 'resolved'

/** Ecash that pays for one call. */
export interface Payment {
  readonly id: string
  readonly accountId: AccountId
  readonly mint: string
  readonly state: PaymentState
  readonly chargeMsat: bigint | undefined
  readonly changeSat: number | undefined
  /** What was given back after it was resolved, beside its change. */
  readonly returnedSat: number | undefined
  readonly at: number
}

type Row = Pick<
  Selectable<WalletTables['payment']>,
  'id' | 'account_id' | 'mint' | 'state' | 'charge_msat' | 'change_sat' | 'returned_sat' | 'at'
>
const COLUMNS = [
  'id',
  'account_id',
  'mint',
  'state',
  'charge_msat',
  'change_sat',
  'returned_sat',
  'at',
] as const

export async function insertPayment(
  tx: Tx,
  row: { id: string; accountId: AccountId; mint: string; at: number },
): Promise<void> {
  await tablesOf<WalletTables>(tx)
    .insertInto('payment')
    .values({ id: row.id, account_id: row.accountId, mint: row.mint, state: 'credited', at: row.at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function findPayment(tx: Tx, id: string): Promise<Payment | undefined> {
  const row = await tablesOf<WalletTables>(tx)
    .selectFrom('payment')
    .select(COLUMNS)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toPayment(row)
}

export async function findPaymentByAccount(tx: Tx, account: AccountId): Promise<Payment | undefined> {
  const row = await tablesOf<WalletTables>(tx)
    .selectFrom('payment')
    .select(COLUMNS)
    .where('account_id', '=', account)
    .executeTakeFirst()
  return row && toPayment(row)
}

/** Payments that were credited before `before` and have no call. */
export async function listIdle(
  tx: Tx,
  { before, limit }: { before: number; limit: number },
): Promise<Payment[]> {
  const rows = await tablesOf<WalletTables>(tx)
    .selectFrom('payment')
    .select(COLUMNS)
    .where('state', '=', 'credited')
    .where('at', '<', before)
    .limit(limit)
    .execute()
  return rows.map(toPayment)
}

/** Moves a credited payment to its call; false when it is not waiting for one. */
export async function markRunning(
  tx: Tx,
  args: { id: string; holdId: bigint; callId: string },
): Promise<boolean> {
  const moved = await tablesOf<WalletTables>(tx)
    .updateTable('payment')
    .set({ state: 'running', hold_id: args.holdId, call_id: args.callId })
    .where('id', '=', args.id)
    .where('state', '=', 'credited')
    .returning('id')
    .execute()
  return moved.length > 0
}

/** Ends a payment; false when it has ended before. */
export async function markResolved(
  tx: Tx,
  args: { id: string; chargeMsat: bigint; changeSat: number },
): Promise<boolean> {
  const moved = await tablesOf<WalletTables>(tx)
    .updateTable('payment')
    .set({ state: 'resolved', charge_msat: args.chargeMsat, change_sat: args.changeSat })
    .where('id', '=', args.id)
    .where('state', 'in', ['credited', 'running'])
    .returning('id')
    .execute()
  return moved.length > 0
}

/** A resolved payment has cost nothing after all, and this much comes back beside its change. */
export async function markReturned(
  tx: Tx,
  { id, returnedSat, isPaid }: { id: string; returnedSat: number; isPaid: boolean },
): Promise<void> {
  await tablesOf<WalletTables>(tx)
    .updateTable('payment')
    .set({ state: isPaid ? 'resolved' : 'returning', charge_msat: 0n, returned_sat: returnedSat })
    .where('id', '=', id)
    .execute()
}

/** Payments whose additional change is not on its way yet. */
export async function listReturning(tx: Tx, limit: number): Promise<Payment[]> {
  const rows = await tablesOf<WalletTables>(tx)
    .selectFrom('payment')
    .select(COLUMNS)
    .where('state', '=', 'returning')
    .limit(limit)
    .execute()
  return rows.map(toPayment)
}

function toPayment(row: Row): Payment {
  return {
    id: row.id,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the column references account.id
    accountId: row.account_id as AccountId,
    mint: row.mint,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a CHECK holds the column to these
    state: row.state as PaymentState,
    chargeMsat: row.charge_msat ?? undefined,
    changeSat: row.change_sat === null ? undefined : Number(row.change_sat),
    returnedSat: row.returned_sat === null ? undefined : Number(row.returned_sat),
    at: Number(row.at),
  }
}
