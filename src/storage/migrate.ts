import { createHash } from 'node:crypto'
import { DomainError } from '../lib/index.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import { type Migration, migrations } from './migrations/index.ts'

/** Brings the schema up to date: forward only, each migration in one transaction, each checked against what once ran. */
export function migrate(connection: SqliteConnection, list: readonly Migration[] = migrations): void {
  connection.exec(
    'CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns that are named
  const applied = connection.allNow('SELECT number, checksum FROM schema_migration ORDER BY number', []) as {
    number: bigint
    checksum: string
  }[]
  const newest = Number(applied.at(-1)?.number ?? 0n)
  if (newest > list.length) {
    throw new DomainError(
      'schema_too_new',
      `The database has schema ${newest}, this version of Farebox knows ${list.length}. Start the newer version again.`,
    )
  }
  for (const row of applied) {
    const known = list[Number(row.number) - 1]
    if (known && checksum(known) !== row.checksum) {
      throw new DomainError(
        'schema_changed',
        `Migration ${known.name} is not the one that made this database.`,
      )
    }
  }
  for (const [i, migration] of list.entries()) if (i >= newest) apply(connection, migration, i + 1)
}

function apply(connection: SqliteConnection, migration: Migration, number: number): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(migration.sql)
    connection.allNow(
      'INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)',
      [number, migration.name, checksum(migration), Date.now()],
    )
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isInTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

function checksum({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex')
}
