import { type Msat, msat } from '../money/index.ts'
import { first, statement, type Tx } from '../storage/index.ts'
import type { LedgerTables } from './ledger-tables.ts'

declare const accountBrand: unique symbol

/** The integer key of an account. */
export type AccountId = bigint & { readonly [accountBrand]: true }

/**
 * Entries are credit-positive: a liability or income grows by a positive entry, an asset or expense by a negative one, so
 * that all entries together are always zero.
 */
export type AccountKind = 'asset' | 'liability' | 'income' | 'expense'

export interface Balance {
  /** Everything entered so far. */
  readonly posted: Msat
  /** Set aside by open holds. */
  readonly reserved: Msat
  /** What can be held or paid out now. */
  readonly available: Msat
}

const insertAccount = statement<LedgerTables, { code: string; kind: string }, { id: bigint }>((db, slot) =>
  db
    .insertInto('account')
    .values({ code: slot('code'), kind: slot('kind') })
    .onConflict((conflict) => conflict.column('code').doNothing())
    .returning('id'),
)
const selectByCode = statement<LedgerTables, { code: string }, { id: bigint }>((db, slot) =>
  db.selectFrom('account').select('id').where('code', '=', slot('code')),
)
const selectBalance = statement<
  LedgerTables,
  { id: AccountId },
  { posted_msat: bigint; reserved_msat: bigint }
>((db, slot) =>
  db.selectFrom('account').select(['posted_msat', 'reserved_msat']).where('id', '=', slot('id')),
)
const selectIncome = statement<LedgerTables, { id: AccountId }, { total: bigint | null }>((db, slot) =>
  db
    .selectFrom('entry')
    .select((eb) => eb.fn.sum<bigint | null>('amount_msat').as('total'))
    .where('account_id', '=', slot('id')),
)
const selectKind = statement<LedgerTables, { id: AccountId }, { kind: string }>((db, slot) =>
  db.selectFrom('account').select('kind').where('id', '=', slot('id')),
)

/** Opens an account, or finds it if it is open already. Codes are unique: `wallet:<id>`, `asset:held:<mint>`. */
export async function openAccount(tx: Tx, args: { code: string; kind: AccountKind }): Promise<AccountId> {
  const made = await first(tx, insertAccount, args)
  if (made) return toAccountId(made.id)
  return getAccount(tx, args.code)
}

async function getAccount(tx: Tx, code: string): Promise<AccountId> {
  const found = await first(tx, selectByCode, { code })
  if (!found) throw new Error(`no account ${code}`)
  return toAccountId(found.id)
}

/** The balance of an account. Income is summed from its entries: no call may wait for a row that all calls write. */
export async function balanceOf(tx: Tx, id: AccountId): Promise<Balance> {
  const kind = await first(tx, selectKind, { id })
  if (kind?.kind === 'income') {
    const total = msat((await first(tx, selectIncome, { id }))?.total ?? 0n)
    return { posted: total, reserved: msat(0n), available: total }
  }
  return keptBalance(tx, id)
}

/** The balance that an account's row has, which an income account does not keep. */
export async function keptBalance(tx: Tx, id: AccountId): Promise<Balance> {
  const row = await first(tx, selectBalance, { id })
  if (!row) throw new Error('no such account')
  return {
    posted: msat(row.posted_msat),
    reserved: msat(row.reserved_msat),
    available: msat(row.posted_msat - row.reserved_msat),
  }
}

export interface CallTotals {
  readonly requests: number
  readonly spent: Msat
}

const selectTotals = statement<LedgerTables, { id: AccountId }, { calls: bigint; spent_msat: bigint }>(
  (db, slot) => db.selectFrom('account').select(['calls', 'spent_msat']).where('id', '=', slot('id')),
)

/** How many calls an account has paid for, and how much in all; kept with the balance, proved by the trial balance. */
export async function totalsOf(tx: Tx, id: AccountId): Promise<CallTotals> {
  const row = await first(tx, selectTotals, { id })
  return { requests: Number(row?.calls ?? 0n), spent: msat(row?.spent_msat ?? 0n) }
}

/** The one place an integer becomes an account id. */
export function toAccountId(id: bigint): AccountId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an AccountId is made
  return id as AccountId
}
