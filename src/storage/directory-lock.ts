import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DomainError } from '../lib/index.ts'
import { diskFault } from './engines/sqlite-error.ts'

export interface DirectoryLock {
  release(): void
}

/**
 * Keeps a second node out of a data directory. It is SQLite's own file lock, so the kernel lets go of it when the
 * process dies, however it dies.
 * @throws DomainError `directory_locked`
 */
export function lockDirectory(dataDir: string): DirectoryLock {
  const database = new DatabaseSync(join(dataDir, 'farebox.lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (diskFault(cause) !== 'busy') throw cause
    throw new DomainError(
      'directory_locked',
      `Another Farebox is using ${dataDir}. Stop it, or give this one another FAREBOX_DATA_DIR.`,
      { cause },
    )
  }
  return { release: () => database.close() }
}
