import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DomainError, failpoint } from '../lib/index.ts'
import { diskFault } from './engines/sqlite-error.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import { renameDurably, syncPath } from './files.ts'

const KEPT = 2
const MIB = 1024 * 1024

/**
 * Saves the whole database as `<path>.before-<number>` (0600), durably, before migration `number` changes it.
 * @returns the path of the copy
 * @throws DomainError `backup_failed` where there is no room; nothing was changed then
 */
export function saveBefore(connection: SqliteConnection, path: string, number: number): string {
  const kept = `${path}.before-${number}`
  const part = `${kept}.part`
  const size = pragma(connection, 'page_count') * pragma(connection, 'page_size')
  const disk = statfsSync(dirname(path))
  rmSync(part, { force: true })
  if (disk.bavail * disk.bsize < size) throw noRoom(path, size)
  try {
    // SQLite would make it readable for all; it fills an empty file that is there.
    writeFileSync(part, '', { mode: 0o600 })
    connection.allNow('VACUUM INTO ?', [part])
    // It does not sync what it wrote (https://sqlite.org/lang_vacuum.html).
    syncPath(part)
    renameDurably(part, kept)
  } catch (error) {
    rmSync(part, { force: true })
    throw diskFault(error) === 'full' ? noRoom(path, size, error) : error
  }
  failpoint('migration.backed-up')
  return kept
}

/** Deletes all copies but the newest two. */
export function dropOldCopies(path: string): void {
  for (const { file } of listCopies(path).slice(0, -KEPT)) rmSync(file)
}

/** The copies beside a database, oldest first. */
export function listCopies(path: string): { file: string; number: number }[] {
  const prefix = `${basename(path)}.before-`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => ({ file: join(dirname(path), name), number: Number(name.slice(prefix.length)) }))
    .toSorted((a, b) => a.number - b.number)
}

function pragma(connection: SqliteConnection, name: string): number {
  const [row] = connection.allNow(`PRAGMA ${name}`, [])
  return typeof row === 'object' && row !== null ? Number(Object.values(row)[0]) : 0
}

function noRoom(path: string, bytes: number, cause?: unknown): DomainError {
  return new DomainError(
    'backup_failed',
    `There is no room in ${dirname(path)} to save the database before it is upgraded: ${Math.ceil(bytes / MIB)} MiB are needed. Make room, and start again. Nothing was changed.`,
    { cause },
  )
}
