import type { AccountId } from '../ledger/index.ts'
import { first, type Selectable, statement, tablesOf, type Tx } from '../storage/index.ts'
import type { WalletTables } from './wallet-tables.ts'

export interface WalletRow {
  readonly id: string
  readonly accountId: AccountId
  readonly keyVersion: number
  readonly isKeyUsed: boolean
  readonly refundVersion: number
}

type Row = Pick<
  Selectable<WalletTables['wallet']>,
  'id' | 'account_id' | 'key_version' | 'key_used' | 'refund_version'
>

const COLUMNS = ['id', 'account_id', 'key_version', 'key_used', 'refund_version'] as const
const selectByKey = statement<WalletTables, { hash: Buffer }, Row>((db, slot) =>
  db.selectFrom('wallet').select(COLUMNS).where('key_hash', '=', slot('hash')),
)
const selectById = statement<WalletTables, { id: string }, Row>((db, slot) =>
  db.selectFrom('wallet').select(COLUMNS).where('id', '=', slot('id')),
)
const selectByAccount = statement<WalletTables, { account: AccountId }, Row>((db, slot) =>
  db.selectFrom('wallet').select(COLUMNS).where('account_id', '=', slot('account')),
)

export async function findByKeyHash(tx: Tx, hash: Buffer): Promise<WalletRow | undefined> {
  return toWallet(await first(tx, selectByKey, { hash }))
}

export async function findById(tx: Tx, id: string): Promise<WalletRow | undefined> {
  return toWallet(await first(tx, selectById, { id }))
}

export async function findByAccount(tx: Tx, account: AccountId): Promise<WalletRow | undefined> {
  return toWallet(await first(tx, selectByAccount, { account }))
}

/** Makes the wallet's row; does nothing when it is there. */
export async function insertWallet(
  tx: Tx,
  row: { id: string; accountId: AccountId; keyHash: Buffer; adminKeyHash: Buffer; at: number },
): Promise<void> {
  await tablesOf<WalletTables>(tx)
    .insertInto('wallet')
    .values({
      id: row.id,
      account_id: row.accountId,
      key_hash: row.keyHash,
      key_version: 1,
      admin_key_hash: row.adminKeyHash,
      created_at: row.at,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function deleteWallet(tx: Tx, id: string): Promise<void> {
  await tablesOf<WalletTables>(tx).deleteFrom('wallet').where('id', '=', id).execute()
}

export async function markKeyUsed(tx: Tx, id: string): Promise<void> {
  await tablesOf<WalletTables>(tx).updateTable('wallet').set({ key_used: 1 }).where('id', '=', id).execute()
}

export async function setRefundVersion(
  tx: Tx,
  { id, version }: { id: string; version: number },
): Promise<void> {
  await tablesOf<WalletTables>(tx)
    .updateTable('wallet')
    .set({ refund_version: version })
    .where('id', '=', id)
    .execute()
}

export async function addFunding(
  tx: Tx,
  args: { walletId: string; mint: string; sats: number },
): Promise<void> {
  await tablesOf<WalletTables>(tx)
    .insertInto('wallet_funding')
    .values({ wallet_id: args.walletId, mint: args.mint, in_sat: args.sats })
    .onConflict((conflict) =>
      conflict
        .columns(['wallet_id', 'mint'])
        .doUpdateSet((eb) => ({ in_sat: eb('wallet_funding.in_sat', '+', args.sats) })),
    )
    .execute()
}

/** Counts a payout against what came in from that mint; false when that is not enough. */
export async function takeFunding(
  tx: Tx,
  args: { walletId: string; mint: string; sats: number },
): Promise<boolean> {
  const taken = await tablesOf<WalletTables>(tx)
    .updateTable('wallet_funding')
    .set((eb) => ({ out_sat: eb('out_sat', '+', args.sats) }))
    .where('wallet_id', '=', args.walletId)
    .where('mint', '=', args.mint)
    .where((eb) => eb(eb('out_sat', '+', args.sats), '<=', eb.ref('in_sat')))
    .returning('mint')
    .execute()
  return taken.length > 0
}

export interface Funding {
  readonly mint: string
  /** What may still be taken out of this mint. */
  readonly leftSat: number
}

/** Mints a wallet was funded from, the one with the most left first. */
export async function listFunding(tx: Tx, walletId: string): Promise<Funding[]> {
  const rows = await tablesOf<WalletTables>(tx)
    .selectFrom('wallet_funding')
    .select(['mint', 'in_sat', 'out_sat'])
    .where('wallet_id', '=', walletId)
    .execute()
  return rows
    .map((row) => ({ mint: row.mint, leftSat: Number(row.in_sat) - Number(row.out_sat) }))
    .toSorted((a, b) => b.leftSat - a.leftSat)
}

function toWallet(row: Row | undefined): WalletRow | undefined {
  return (
    row && {
      id: row.id,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the column references account.id
      accountId: row.account_id as AccountId,
      keyVersion: Number(row.key_version),
      isKeyUsed: Number(row.key_used) === 1,
      refundVersion: Number(row.refund_version),
    }
  )
}
