import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { DomainError, failpoint } from '../lib/index.ts'
import { dropOldCopies, saveBefore } from './backup.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import { type Migration, migrations } from './migrations/index.ts'

/** What a start changed of the schema. */
export interface Upgrade {
  readonly from: number
  readonly to: number
  /** The database as it was before. */
  readonly savedAs: string
}

/**
 * Brings the schema up to date: forward only, each migration in one transaction and checked against what once ran. A
 * database that is not new is saved beside itself first.
 * @returns undefined where nothing was to do, or the database is new
 * @throws DomainError `schema_too_new`, `schema_changed`, `backup_failed`, `migration_failed`; the data is unchanged then
 */
export function migrate(
  connection: SqliteConnection,
  path: string,
  list: readonly Migration[] = migrations,
): Upgrade | undefined {
  const from = checkApplied(connection, list)
  if (from === list.length) return undefined
  const savedAs = from > 0 ? saveBefore(connection, path, from + 1) : undefined
  for (const [i, migration] of list.entries()) {
    if (i >= from) apply(connection, { migration, number: i + 1, savedAs })
  }
  if (savedAs === undefined) return undefined
  dropOldCopies(path)
  return { from, to: list.length, savedAs }
}

/** @returns the number of the newest migration that has run; 0 for a new database */
function checkApplied(connection: SqliteConnection, list: readonly Migration[]): number {
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
        `Migration ${known.name} is not the one that made this database. Start the version of Farebox that made it.`,
      )
    }
  }
  return newest
}

interface Step {
  readonly migration: Migration
  readonly number: number
  readonly savedAs: string | undefined
}

function apply(connection: SqliteConnection, step: Step): void {
  const { migration, number } = step
  try {
    connection.exec('BEGIN IMMEDIATE')
    connection.exec(migration.sql)
    connection.allNow(
      'INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)',
      [number, migration.name, checksum(migration), Date.now()],
    )
    failpoint('migration.applied')
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isInTransaction) connection.exec('ROLLBACK')
    throw step.savedAs === undefined ? error : failed(step, error)
  }
  failpoint('migration.committed')
}

function failed({ migration, savedAs }: Step, cause: unknown): DomainError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new DomainError(
    'migration_failed',
    `The database could not be upgraded by ${migration.name} (${why}). It is as it was; a copy is ${basename(savedAs ?? '')}. Check the disk and start again, or go on with the version before this one.`,
    { cause },
  )
}

/** What stands in every database that a migration ran on. */
export function checksum({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex')
}
