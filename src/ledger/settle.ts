import { assert, DomainError } from '../lib/index.ts'
import { type Msat, ZERO } from '../money/index.ts'
import { change, statement, type Tx } from '../storage/index.ts'
import { type AccountId, type Balance, keptBalance } from './accounts.ts'
import type { Hold } from './hold.ts'
import type { LedgerTables } from './ledger-tables.ts'
import { enterCharge } from './transfer.ts'

interface Settlement {
  readonly hold: Pick<Hold, 'id' | 'accountId' | 'amount'>
  /** What is taken, 0 ≤ charge ≤ the hold. */
  readonly charge: Msat
  /** The income account it goes to. */
  readonly to: AccountId
  /** The usage record, as JSON. */
  readonly usage: string
  readonly at: number
}

const closeHold = statement<
  LedgerTables,
  { id: bigint; state: string; charge: Msat; usage: string; at: number },
  unknown
>((db, slot) =>
  db
    .updateTable('hold')
    .set({
      state: slot('state'),
      charge_msat: slot('charge'),
      usage_json: slot('usage'),
      ended_at: slot('at'),
    })
    .where('id', '=', slot('id'))
    .where('state', '=', 'open'),
)
const release = statement<LedgerTables, { id: AccountId; held: Msat; charge: Msat; calls: bigint }, unknown>(
  (db, slot) =>
    db
      .updateTable('account')
      .set((eb) => ({
        posted_msat: eb('posted_msat', '-', slot('charge')),
        reserved_msat: eb('reserved_msat', '-', slot('held')),
        calls: eb('calls', '+', slot('calls')),
        spent_msat: eb('spent_msat', '+', slot('charge')),
      }))
      .where('id', '=', slot('id')),
)

/**
 * Takes the charge out of a hold and gives the rest back. A hold resolves once.
 * @returns the balance of the payer's account afterwards
 * @throws DomainError `hold_already_resolved`, `exceeds_hold_amount`
 */
export function settle(tx: Tx, settlement: Settlement): Promise<Balance> {
  return resolve(tx, settlement, 'settled')
}

/** Gives a hold back whole. */
export function voidHold(tx: Tx, args: Omit<Settlement, 'charge'>): Promise<Balance> {
  return resolve(tx, { ...args, charge: ZERO }, 'void')
}

async function resolve(tx: Tx, settlement: Settlement, state: 'settled' | 'void'): Promise<Balance> {
  const { hold, charge, to, usage, at } = settlement
  assert(charge >= 0n, 'a charge is never negative')
  if (charge > hold.amount) throw new DomainError('exceeds_hold_amount', 'A charge never exceeds its hold.')
  const closed = await change(tx, closeHold, { id: hold.id, state, charge, usage, at })
  if (closed === 0) throw new DomainError('hold_already_resolved', 'This hold was settled or voided before.')
  const from = hold.accountId
  if (charge > 0n) await enterCharge(tx, { hold: hold.id, from, to, amount: charge })
  await change(tx, release, { id: from, held: hold.amount, charge, calls: state === 'settled' ? 1n : 0n })
  return keptBalance(tx, from)
}
