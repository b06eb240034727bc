/** The kinds of failure that SQLite tells apart and that mean the disk or the file, not the statement. */
export type DiskFault = 'busy' | 'read-only' | 'unreadable' | 'damaged' | 'full' | 'not-a-database'

/** By SQLite's primary result codes (https://sqlite.org/rescode.html). */
const FAULTS: ReadonlyMap<number, DiskFault> = new Map([
  [5, 'busy'],
  [8, 'read-only'],
  [10, 'unreadable'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'unreadable'],
  [26, 'not-a-database'],
])
const PRIMARY = 0xff

/** What an error of SQLite says about disk and file; undefined where it is about something else. */
export function diskFault(error: unknown): DiskFault | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  // oxlint-disable-next-line no-bitwise -- an extended code carries the primary one in its low byte
  return FAULTS.get(error.errcode & PRIMARY)
}
