import { DomainError } from '../lib/index.ts'
import { type DiskFault, diskFault } from './engines/sqlite-error.ts'

/** What is wrong with a data directory, and the cure, by what SQLite or the operating system said. */
const SENTENCES: Readonly<Record<DiskFault, string>> = {
  busy: 'its database is in use by another program. Close that program',
  'read-only': 'it cannot be written. Make it writable for the user that Farebox runs as',
  unreadable: 'its files cannot be read or written. Check the disk, and who owns the directory',
  damaged: 'its database is damaged. Check the disk, and restore the newest backup',
  full: 'its disk is full. Make room',
  'not-a-database': 'its farebox.db is not a database. Restore the newest backup, or move the file away',
}

const BY_ERRNO: Readonly<Record<string, DiskFault>> = {
  EACCES: 'read-only',
  EPERM: 'read-only',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EIO: 'unreadable',
}

/** An error met while a data directory was opened, as a sentence with its cure; others come back as they were. */
export function explainDisk(error: unknown, dataDir: string): unknown {
  if (error instanceof DomainError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    const sentence = `FAREBOX_DATA_DIR is ${dataDir}, which is not a directory. Name a directory of Farebox's own.`
    return new DomainError('data_dir_invalid', sentence, { cause: error })
  }
  const fault = diskFault(error) ?? BY_ERRNO[code]
  if (!fault) return error
  const sentence = `FAREBOX_DATA_DIR is ${dataDir}, but ${SENTENCES[fault]}, and start again.`
  return new DomainError('data_dir_unusable', sentence, { cause: error })
}
