import { first, run, sql, statement, tablesOf, type Tx, type Vault } from '../../storage/index.ts'
import { hashToCurve } from '../curve/curve.ts'
import type { OwnProof } from '../ecash/ecash.ts'
import type { CashuTables } from './tables.ts'

/**
 * `ready`: ours to spend; `reserved`: ours, set aside for `owner`; `issued`: given out in the send `owner`, not yet seen
 * spent; `spent`: given out and seen spent; `swapped`: an input of a swap of our own.
 */
export type ProofStatus = 'ready' | 'reserved' | 'issued' | 'spent' | 'swapped'

/** Which coins: those at a mint that are ready, or those set aside for an owner there. */
export interface Purse {
  readonly mint: string
  readonly owner: string | undefined
}

export type StoredProof = OwnProof & { readonly y: Buffer }

interface SealedRow {
  y: Buffer
  keyset: string
  amount_sat: bigint
  sealed: string | null
}

const insert = statement<
  CashuTables,
  {
    y: Buffer
    mint: string
    keyset: string
    amount: number
    state: ProofStatus
    owner: string | null
    sealed: string
  },
  unknown
>((db, slot) =>
  db.insertInto('proof').values({
    y: slot('y'),
    mint: slot('mint'),
    keyset: slot('keyset'),
    amount_sat: slot('amount'),
    state: slot('state'),
    owner: slot('owner'),
    sealed: slot('sealed'),
  }),
)
type PurseSlots = { mint: string; state: string; owner: string | null }
const countReady = statement<CashuTables, PurseSlots, { amount_sat: bigint; count: bigint }>((db, slot) =>
  db
    .selectFrom('proof')
    .select((eb) => ['amount_sat', eb.fn.countAll<bigint>().as('count')])
    .where('mint', '=', slot('mint'))
    .where('state', '=', slot('state'))
    .where(sql<boolean>`owner IS ${slot('owner')}`)
    .groupBy('amount_sat'),
)
const takeSome = statement<CashuTables, PurseSlots & { amount: number; count: number }, SealedRow>(
  (db, slot) =>
    db
      .selectFrom('proof')
      .select(['y', 'keyset', 'amount_sat', 'sealed'])
      .where('mint', '=', slot('mint'))
      .where('state', '=', slot('state'))
      .where(sql<boolean>`owner IS ${slot('owner')}`)
      .where('amount_sat', '=', slot('amount'))
      .limit(slot('count')),
)
const move = statement<
  CashuTables,
  { y: Buffer; from: string; to: ProofStatus; owner: string | null },
  { y: Buffer; amount_sat: bigint }
>((db, slot) =>
  db
    .updateTable('proof')
    .set({ state: slot('to'), owner: slot('owner') })
    .where('y', '=', slot('y'))
    .where('state', '=', slot('from'))
    .returning(['y', 'amount_sat']),
)

const place = (y: Buffer) => ({ table: 'proof', column: 'sealed', row: y.toString('hex') })

export async function insertProof(
  tx: Tx,
  vault: Vault,
  args: { proof: OwnProof; mint: string; state: ProofStatus; owner: string | undefined },
): Promise<void> {
  const { proof, mint, state, owner } = args
  const y = hashToCurve(proof.secret)
  const sealed = vault.seal(place(y), `${proof.C}${proof.secret}`)
  const { keysetId: keyset, amountSat: amount } = proof
  await run(tx, insert, { y, mint, keyset, amount, state, owner: owner ?? null, sealed })
}

/** How many coins of each amount are in a purse. */
export async function stockOf(tx: Tx, purse: Purse): Promise<{ amountSat: number; count: number }[]> {
  const rows = await run(tx, countReady, slotsOf(purse))
  return rows.map((row) => ({ amountSat: Number(row.amount_sat), count: Number(row.count) }))
}

/** Coins of a purse, opened; reads only. */
export async function listCoins(
  tx: Tx,
  vault: Vault,
  { purse, picked }: { purse: Purse; picked: readonly { amountSat: number; count: number }[] },
): Promise<StoredProof[]> {
  const coins: StoredProof[] = []
  for (const { amountSat, count } of picked) {
    const rows = await run(tx, takeSome, { ...slotsOf(purse), amount: amountSat, count })
    coins.push(...rows.map((row) => openProof(vault, row)))
  }
  return coins
}

function slotsOf({ mint, owner }: Purse): PurseSlots {
  return { mint, state: owner === undefined ? 'ready' : 'reserved', owner: owner ?? null }
}

function openProof(vault: Vault, row: SealedRow): StoredProof {
  const text = vault.openText(place(row.y), row.sealed ?? '')
  const amountSat = Number(row.amount_sat)
  return { y: row.y, keysetId: row.keyset, amountSat, C: text.slice(0, 66), secret: text.slice(66) }
}

/** Moves a coin from one state to another. False when it was not in the first one any more. */
export async function moveProof(
  tx: Tx,
  y: Buffer,
  { from, to, owner }: { from: ProofStatus; to: ProofStatus; owner: string | undefined },
): Promise<boolean> {
  return (await first(tx, move, { y, from, to, owner: owner ?? null })) !== undefined
}

/** Coins that were set aside for an owner and not used are ready again. */
export async function releaseReserved(tx: Tx, owner: string): Promise<void> {
  await tablesOf<CashuTables>(tx)
    .updateTable('proof')
    .set({ state: 'ready', owner: null })
    .where('owner', '=', owner)
    .where('state', '=', 'reserved')
    .execute()
}

/** An issued coin was seen spent: its secret is worth nothing any more and is wiped. Gives its amount, once. */
export async function markSpent(tx: Tx, y: Buffer): Promise<number> {
  const row = await tablesOf<CashuTables>(tx)
    .updateTable('proof')
    .set({ state: 'spent', sealed: null })
    .where('y', '=', y)
    .where('state', '=', 'issued')
    .returning('amount_sat')
    .executeTakeFirst()
  return Number(row?.amount_sat ?? 0)
}

/** Inputs of a swap that took place. */
export async function markSwapped(tx: Tx, ys: readonly string[]): Promise<void> {
  for (const y of ys) {
    await tablesOf<CashuTables>(tx)
      .updateTable('proof')
      .set({ state: 'swapped', sealed: null })
      .where('y', '=', Buffer.from(y, 'hex'))
      .execute()
  }
}

/** A page of coins in certain states at a mint, in the order of their Y, after `after`. */
export async function listByState(
  tx: Tx,
  args: { mint: string; states: readonly ProofStatus[]; after: Buffer; limit: number },
): Promise<Buffer[]> {
  const rows = await tablesOf<CashuTables>(tx)
    .selectFrom('proof')
    .select('y')
    .where('mint', '=', args.mint)
    .where('state', 'in', args.states)
    .where('y', '>', args.after)
    .orderBy('y')
    .limit(args.limit)
    .execute()
  return rows.map(({ y }) => y)
}
