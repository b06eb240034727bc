import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'kysely'
import { failpoint } from '../../lib/index.ts'
import type { Storage } from '../storage.ts'
import { tablesOf, type Tx } from '../tx.ts'
import type { Vault } from '../vault.ts'
import { SEALED_COLUMNS, type SealedColumn } from './sealed-columns.ts'

const ROWS_PER_PAGE = 100
/** The second pass finds what was sealed before the keys changed and written after the first had gone by. */
const PASSES_MAX = 10

interface Row {
  readonly key: unknown
  readonly sealed: string | null
}

/**
 * Seals everything anew that another key than the vault's present one has sealed, a hundred rows at a time, each in a
 * transaction of its own, so that calls are served meanwhile. It can be broken off anywhere and begun again.
 * @returns how many values were sealed anew; when it resolves, no other key is needed any more
 */
export async function resealAll(storage: Storage, vault: Vault): Promise<number> {
  let total = 0
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    let count = 0
    for (const column of SEALED_COLUMNS) count += await resealColumn({ storage, vault, column })
    if (count === 0) return total
    total += count
  }
  throw new Error('values sealed with an old key keep coming')
}

interface Job {
  readonly storage: Storage
  readonly vault: Vault
  readonly column: SealedColumn
}

async function resealColumn(job: Job): Promise<number> {
  let count = 0
  let page = await job.storage.read((tx) => readPage(tx, job.column, undefined))
  while (page.length > 0) {
    const old = page.filter(({ sealed }) => sealed !== null && !job.vault.isCurrent(sealed))
    if (old.length > 0) {
      count += await job.storage.transact((tx) => resealRows(tx, job, old))
      failpoint('rotation.resealed')
    }
    await turn()
    const last = page.at(-1)?.key
    page = await job.storage.read((tx) => readPage(tx, job.column, last))
  }
  return count
}

async function readPage(
  tx: Tx,
  { table, column, key }: SealedColumn,
  after: unknown,
): Promise<readonly Row[]> {
  const from = after === undefined ? sql`` : sql`WHERE ${sql.ref(key)} > ${after}`
  const query = sql<Row>`SELECT ${sql.ref(key)} AS "key", ${sql.ref(column)} AS "sealed" FROM ${sql.table(table)}
    ${from} ORDER BY ${sql.ref(key)} LIMIT ${ROWS_PER_PAGE}`
  return (await query.execute(tablesOf<unknown>(tx))).rows
}

/** The rows are read again: they may have changed since they were found. */
async function resealRows(
  tx: Tx,
  { vault, column: { table, column, key, rowOf } }: Job,
  rows: readonly Row[],
): Promise<number> {
  const db = tablesOf<unknown>(tx)
  let count = 0
  for (const row of rows) {
    const where = sql`WHERE ${sql.ref(key)} = ${row.key}`
    const found =
      await sql<Row>`SELECT ${sql.ref(column)} AS "sealed" FROM ${sql.table(table)} ${where}`.execute(db)
    const sealed = found.rows[0]?.sealed
    if (sealed === undefined || sealed === null || vault.isCurrent(sealed)) continue
    const place = { table, column, row: rowOf(row.key) }
    const fresh = vault.seal(place, vault.open(place, sealed))
    await sql`UPDATE ${sql.table(table)} SET ${sql.ref(column)} = ${fresh} ${where}`.execute(db)
    count += 1
  }
  return count
}
