import { tablesOf, type Tx } from '../../storage/index.ts'
import type { CashuTables } from './tables.ts'

/** A mint's keyset as we know it. Never deleted: old ecash stays spendable by it. */
export interface Keyset {
  readonly id: string
  readonly unit: string
  /** Fee of each input, in thousandths of a sat. */
  readonly feePpk: number
  readonly isActive: boolean
  /** Unix seconds. */
  readonly finalExpiry: number | undefined
  /** Public key (hex) of each amount; empty until the keys were needed and their id was checked. */
  readonly keys: ReadonlyMap<number, string>
}

export async function listKeysets(tx: Tx): Promise<{ mint: string; keyset: Keyset }[]> {
  const rows = await tablesOf<CashuTables>(tx).selectFrom('keyset').selectAll().execute()
  return rows.map((row) => ({
    mint: row.mint,
    keyset: {
      id: row.id,
      unit: row.unit,
      feePpk: Number(row.fee_ppk),
      isActive: Number(row.is_active) === 1,
      finalExpiry: row.final_expiry === null ? undefined : Number(row.final_expiry),
      keys: readKeys(JSON.parse(row.keys_json)),
    },
  }))
}

/** Keys once known are kept; only whether it is active and its fee (not committed to by ids of version 1) may change. */
export async function saveKeyset(tx: Tx, mint: string, keyset: Keyset): Promise<void> {
  const changing = {
    fee_ppk: keyset.feePpk,
    is_active: keyset.isActive ? 1 : 0,
    keys_json: JSON.stringify(Object.fromEntries(keyset.keys)),
  }
  const fixed = { mint, id: keyset.id, unit: keyset.unit, final_expiry: keyset.finalExpiry ?? null }
  await tablesOf<CashuTables>(tx)
    .insertInto('keyset')
    .values({ ...fixed, ...changing })
    .onConflict((conflict) => conflict.columns(['mint', 'id']).doUpdateSet(changing))
    .execute()
}

/** Amount → key, from a JSON object; amounts that are no exact numbers are left out. */
export function readKeys(json: unknown): Map<number, string> {
  const entries = Object.entries(Object(json)).map(([amount, key]): [number, string] => [
    Number(amount),
    String(key),
  ])
  return new Map(entries.filter(([amount]) => Number.isSafeInteger(amount) && amount > 0))
}
