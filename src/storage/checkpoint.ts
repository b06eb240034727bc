import type { SqliteConnection } from './engines/sqlite.ts'

/**
 * Copies the write-ahead log into the database as far as that goes without anybody waiting.
 * Where the disk refuses, the log stays whole and the next call tries again.
 * @returns how many pages the log has; 0 where nothing could be copied
 */
export function checkpoint(connection: SqliteConnection): number {
  try {
    const [state] = connection.allNow('PRAGMA wal_checkpoint(PASSIVE)', [])
    return typeof state === 'object' && state !== null && 'log' in state ? Number(state.log) : 0
  } catch {
    return 0
  }
}

/**
 * Has the log begun anew by the next commit. For the one writer, between two commits and shortly after a `checkpoint`, so
 * that little is left to copy. Under a steady load a log never comes to an end by itself, and would fill the disk. Where a
 * reader still needs the old one, nothing happens; nor where the disk refuses, of which the next commit will tell.
 */
export function restartLog(writer: SqliteConnection): void {
  writer.exec('PRAGMA busy_timeout = 0')
  try {
    writer.allNow('PRAGMA wal_checkpoint(RESTART)', [])
  } catch {
    return
  } finally {
    writer.exec(`PRAGMA busy_timeout = ${writer.busyTimeoutMs}`)
  }
}
