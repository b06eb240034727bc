import type { SqliteConnection } from './engines/sqlite.ts'

/**
 * Copies the write-ahead log into the database as far as that goes without anybody waiting. One that is copied to its end
 * is begun anew by the next commit: under a steady load only the writer, between two commits, gets that far. Where the disk
 * refuses, the log stays whole and the next call tries again.
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
