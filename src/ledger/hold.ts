import { maxMsat, type Msat, msat } from '../money/index.ts'
import { change, first, insert, statement, type Tx } from '../storage/index.ts'
import type { AccountId } from './accounts.ts'
import type { LedgerTables } from './ledger-tables.ts'

declare const proof: unique symbol

/** Money set aside for one call. Only the ledger can make one, so nothing reaches an upstream unpaid. */
export interface Hold {
  readonly id: bigint
  readonly callId: string
  readonly accountId: AccountId
  readonly amount: Msat
  readonly [proof]: true
}

interface HoldRequest {
  readonly accountId: AccountId
  readonly callId: string
  /** The hold is refused when less than this is available. Zero for what is given away. */
  readonly atLeast: Msat
  /** The hold never exceeds this. */
  readonly atMost: Msat
  /** Which run of the process made it; holds of dead runs are closed by recovery. */
  readonly boot: string
  /** What is needed to charge the call later, as JSON: route, prices, rate, bounds. */
  readonly terms: string
  readonly at: number
}

export type HoldOutcome =
  | { readonly kind: 'held'; readonly hold: Hold }
  | { readonly kind: 'short'; readonly available: Msat }

// Conditions and amounts are decided in the statements themselves, so no two calls can spend the same msat.
const reserveWhole = statement<LedgerTables, { id: AccountId; amount: Msat; least: Msat }, unknown>(
  (db, slot) =>
    db
      .updateTable('account')
      .set((eb) => ({ reserved_msat: eb('reserved_msat', '+', slot('amount')) }))
      .where('id', '=', slot('id'))
      .where((eb) => eb(eb('posted_msat', '-', eb.ref('reserved_msat')), '>=', slot('least'))),
)
const insertWhole = statement<
  LedgerTables,
  { account: AccountId; call: string; amount: Msat; boot: string; terms: string; at: number },
  unknown
>((db, slot) =>
  db.insertInto('hold').values({
    call_id: slot('call'),
    account_id: slot('account'),
    amount_msat: slot('amount'),
    boot: slot('boot'),
    terms_json: slot('terms'),
    at: slot('at'),
  }),
)
const insertPart = statement<
  LedgerTables,
  {
    account: AccountId
    call: string
    least: Msat
    most: Msat
    boot: string
    terms: string
    at: number
  },
  { id: bigint; amount_msat: bigint }
>((db, slot) =>
  db
    .insertInto('hold')
    .columns(['call_id', 'account_id', 'amount_msat', 'boot', 'terms_json', 'at'])
    .expression((eb) =>
      eb
        .selectFrom('account')
        .select((account) => [
          slot('call').as('call_id'),
          'account.id as account_id',
          account
            .fn<bigint>('min', [slot('most'), account('posted_msat', '-', account.ref('reserved_msat'))])
            .as('amount_msat'),
          slot('boot').as('boot'),
          slot('terms').as('terms_json'),
          slot('at').as('at'),
        ])
        .where('account.id', '=', slot('account'))
        .where((where) => where(where('posted_msat', '-', where.ref('reserved_msat')), '>=', slot('least'))),
    )
    .returning(['id', 'amount_msat']),
)
const reserve = statement<LedgerTables, { id: AccountId; amount: Msat }, unknown>((db, slot) =>
  db
    .updateTable('account')
    .set((eb) => ({ reserved_msat: eb('reserved_msat', '+', slot('amount')) }))
    .where('id', '=', slot('id')),
)
const selectAvailable = statement<LedgerTables, { id: AccountId }, { available: bigint }>((db, slot) =>
  db
    .selectFrom('account')
    .select((eb) => eb('posted_msat', '-', eb.ref('reserved_msat')).as('available'))
    .where('id', '=', slot('id')),
)

/** Sets aside the smaller of `atMost` and what is available, if that is at least `atLeast`. */
export async function hold(tx: Tx, request: HoldRequest): Promise<HoldOutcome> {
  const { accountId, callId, boot, terms, at, atMost: amount } = request
  const least = maxMsat(request.atLeast, amount)
  // Nearly every payer can cover the whole call, and two plain statements cost a third of one that returns what it did.
  const isCovered = (await change(tx, reserveWhole, { id: accountId, amount, least })) > 0
  if (!isCovered) return holdPart(tx, request)
  const id = await insert(tx, insertWhole, { account: accountId, call: callId, amount, boot, terms, at })
  return { kind: 'held', hold: makeHold({ id, callId, accountId, amount }) }
}

/** For a payer who has less than `atMost`. */
async function holdPart(tx: Tx, request: HoldRequest): Promise<HoldOutcome> {
  const { accountId, callId, boot, terms, at } = request
  const made = await first(tx, insertPart, {
    account: accountId,
    call: callId,
    least: request.atLeast,
    most: request.atMost,
    boot,
    terms,
    at,
  })
  if (!made) {
    const row = await first(tx, selectAvailable, { id: accountId })
    return { kind: 'short', available: msat(row?.available ?? 0n) }
  }
  const amount = msat(made.amount_msat)
  await change(tx, reserve, { id: accountId, amount })
  return { kind: 'held', hold: makeHold({ id: made.id, callId, accountId, amount }) }
}

export function makeHold(parts: Omit<Hold, typeof proof>): Hold {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a Hold is made
  return parts as Hold
}
