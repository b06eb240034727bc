import { assert, DomainError } from '../lib/index.ts'
import { type Msat, negMsat } from '../money/index.ts'
import { change, first, run, statement, type Tx } from '../storage/index.ts'
import type { AccountId } from './accounts.ts'
import type { LedgerTables } from './ledger-tables.ts'

export interface Entry {
  readonly account: AccountId
  /** Credit-positive. */
  readonly amount: Msat
}

const insertTransfer = statement<
  LedgerTables,
  { reference: string; reason: string; at: number },
  { id: bigint }
>((db, slot) =>
  db
    .insertInto('transfer')
    .values({ reference: slot('reference'), reason: slot('reason'), at: slot('at') })
    .onConflict((conflict) => conflict.column('reference').doNothing())
    .returning('id'),
)
const insertEntry = statement<LedgerTables, { transfer: bigint; account: AccountId; amount: Msat }, unknown>(
  (db, slot) =>
    db.insertInto('entry').values({
      transfer_id: slot('transfer'),
      account_id: slot('account'),
      amount_msat: slot('amount'),
    }),
)
const insertCharge = statement<
  LedgerTables,
  { hold: bigint; from: AccountId; to: AccountId; amount: Msat; taken: Msat },
  unknown
>((db, slot) =>
  db.insertInto('entry').values([
    { hold_id: slot('hold'), account_id: slot('from'), amount_msat: slot('taken') },
    { hold_id: slot('hold'), account_id: slot('to'), amount_msat: slot('amount') },
  ]),
)
const addToAccount = statement<LedgerTables, { id: AccountId; amount: Msat }, { id: bigint }>((db, slot) =>
  db
    .updateTable('account')
    .set((eb) => ({ posted_msat: eb('posted_msat', '+', slot('amount')) }))
    .where('id', '=', slot('id'))
    .where((eb) =>
      eb.or([
        eb('kind', '<>', 'liability'),
        eb(eb('posted_msat', '+', slot('amount')), '>=', eb.ref('reserved_msat')),
      ]),
    )
    .returning('id'),
)

/**
 * Posts a transfer whose entries sum to zero. The reference makes it happen once: a second time changes nothing and says
 * `exists`.
 * @throws DomainError `exceeds_credits` when a liability would fall below what is reserved on it
 */
export async function transfer(
  tx: Tx,
  args: { reference: string; reason: string; entries: readonly Entry[]; at: number },
): Promise<'posted' | 'exists'> {
  const sum = args.entries.reduce((total, entry) => total + entry.amount, 0n)
  assert(sum === 0n, `transfer ${args.reference} sums to ${sum}`)
  const { reference, reason, at } = args
  const made = await first(tx, insertTransfer, { reference, reason, at })
  if (!made) return 'exists'
  for (const { account, amount } of args.entries) {
    if (amount === 0n) continue
    await run(tx, insertEntry, { transfer: made.id, account, amount })
    const added = await first(tx, addToAccount, { id: account, amount })
    if (!added)
      throw new DomainError('exceeds_credits', 'There is not enough on the account for this transfer.')
  }
  return 'posted'
}

/** The two entries of a settled hold. The income side is not added up per call; its balance is the sum of its entries. */
export async function enterCharge(
  tx: Tx,
  args: { hold: bigint; from: AccountId; to: AccountId; amount: Msat },
): Promise<void> {
  const { hold, from, to, amount } = args
  await change(tx, insertCharge, { hold, from, to, amount, taken: negMsat(amount) })
}
