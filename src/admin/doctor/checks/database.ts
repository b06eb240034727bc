import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TrialBalance, trialBalance } from '../../../ledger/index.ts'
import { sql, tablesOf } from '../../../storage/index.ts'
import { type Check, failed, type Finding, good, warning } from '../report.ts'
import type { DoctorRooms } from '../rooms.ts'

/** Reading everything holds up a node that serves: a second or so for this much. */
const SERVING_BYTES_MAX = 256 * 1024 ** 2
const PROBLEMS_MAX = 5
const RESTORE =
  'Stop the node, keep a copy of the data directory, and restore the last backup; a damaged file often means a failing disk.'

export function databaseChecks(rooms: DoctorRooms): Check[] {
  const { storage } = rooms
  return [
    { name: 'database', look: () => judgeDurability(storage.durability()) },
    { name: 'database integrity', look: () => unlessTooLarge(rooms, () => lookAtPages(rooms)) },
    {
      name: 'books',
      look: () => unlessTooLarge(rooms, async () => judgeBooks(await storage.read(trialBalance))),
    },
  ]
}

/** `levels`: `PRAGMA synchronous` of every connection. */
export function judgeDurability(levels: readonly number[]): Finding {
  return levels.length > 0 && levels.every((level) => level === 2)
    ? good('Every commit is on disk before it is answered (synchronous = FULL)')
    : failed(
        `A connection does not wait for the disk (synchronous = ${levels.join(', ')})`,
        'Do not serve with this build: money could be lost in a power cut. Install a released version.',
      )
}

async function unlessTooLarge(
  { dataDir, node }: DoctorRooms,
  look: () => Promise<Finding>,
): Promise<Finding> {
  const { size } = await stat(join(dataDir, 'farebox.db'))
  if (node === undefined || size <= SERVING_BYTES_MAX) return look()
  return warning(
    `Not read while the node serves: the database is ${Math.round(size / 1024 ** 2)} MiB`,
    'Stop the node in a quiet hour and run the doctor, or run it on a restored backup.',
  )
}

async function lookAtPages({ storage }: DoctorRooms): Promise<Finding> {
  try {
    const { rows } = await storage.read((tx) =>
      sql<{ quick_check: string }>`PRAGMA quick_check(${sql.raw(String(PROBLEMS_MAX))})`.execute(
        tablesOf(tx),
      ),
    )
    const problems = rows.map((row) => row.quick_check).filter((text) => text !== 'ok')
    if (problems.length === 0) return good('Its pages and constraints are whole (quick_check)')
    return failed(`It is damaged: ${problems.join('; ').slice(0, 300)}`, RESTORE)
  } catch (error) {
    return failed(`It cannot be read: ${error instanceof Error ? error.message : String(error)}`, RESTORE)
  }
}

function judgeBooks(found: TrialBalance): Finding {
  const { sum, wrongAccounts, wrongHolds, entries, openHolds } = found
  const faults = [
    ...(sum === 0n ? [] : [`all entries sum to ${sum} msat instead of 0`]),
    ...(wrongAccounts.length === 0
      ? []
      : [`${wrongAccounts.length} balances are wrong (${wrongAccounts.slice(0, PROBLEMS_MAX).join(', ')})`]),
    ...(wrongHolds === 0 ? [] : [`${wrongHolds} holds are not what was entered for them`]),
  ]
  if (faults.length === 0) return good(`${entries} entries balance; ${openHolds} holds are open`)
  return failed(
    `The books do not balance: ${faults.join('; ')}`,
    'Stop the node, keep a copy of the data directory, and report this as a bug: it must never happen.',
  )
}
