import { randomBytes } from 'node:crypto'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import { type Check, failed, type Finding, good, together, warning } from '../report.ts'

const MIB = 1024 ** 2
const SPACE_WARN = 1024 * MIB
const SPACE_FAIL = 100 * MIB
const SYNC_WARN_MS = 50
const SYNC_FAIL_MS = 1000
const SYNCS = 5
const PAGE = Buffer.alloc(4096)

/** File systems by their number in `statfs` (Linux) that a database of money should not be on. */
const UNFIT: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs, which is memory: a restart of the machine loses the money'],
  [0x858458f6, 'ramfs, which is memory: a restart of the machine loses the money'],
  [0x6969, 'NFS, on which SQLite’s write-ahead log does not work safely'],
  [0xff534d42, 'a Windows share (CIFS), on which SQLite’s write-ahead log does not work safely'],
  [0xfe534d42, 'a Windows share (SMB), on which SQLite’s write-ahead log does not work safely'],
])

export function diskChecks(dataDir: string): Check[] {
  return [
    { name: 'disk space', look: () => lookAtSpace(dataDir) },
    { name: 'disk sync', look: () => lookAtSync(dataDir) },
    { name: 'file modes', look: () => lookAtModes(dataDir) },
  ]
}

async function lookAtSpace(dataDir: string): Promise<Finding> {
  const { bavail, bsize, type } = await statfs(dataDir)
  return together([judgeSpace(bavail * bsize), judgeFileSystem(type)])
}

/** `freeBytes`: what the node may still write. */
export function judgeSpace(freeBytes: number): Finding {
  const free = `${freeBytes < 10 * 1024 * MIB ? `${Math.round(freeBytes / MIB)} MiB` : `${Math.round(freeBytes / 1024 / MIB)} GiB`} free`
  const cure =
    'Make room on the disk of FAREBOX_DATA_DIR: a node that cannot write takes no money and serves nothing.'
  if (freeBytes < SPACE_FAIL) return failed(free, cure)
  return freeBytes < SPACE_WARN ? warning(free, cure) : good(free)
}

/** `type`: the file system's number in `statfs`. */
export function judgeFileSystem(type: number): Finding {
  const why = UNFIT.get(type)
  return why === undefined
    ? good('a file system that can be relied on')
    : warning(`it is on ${why}`, 'Put FAREBOX_DATA_DIR on a local disk.')
}

/** Writes a page and waits until it is on disk, as every settlement does. */
async function lookAtSync(dataDir: string): Promise<Finding> {
  const path = join(dataDir, `.doctor-${randomBytes(6).toString('hex')}`)
  try {
    return judgeSync(await timeSyncs(path))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return failed(
      `A file cannot be written there (${reason})`,
      'Give the user that runs the node a data directory that he may write to, on a disk with room.',
    )
  } finally {
    await rm(path, { force: true })
  }
}

async function timeSyncs(path: string): Promise<number[]> {
  const times: number[] = []
  await using file = await open(path, 'wx', 0o600)
  for (let i = 0; i < SYNCS; i += 1) {
    const begin = performance.now()
    await file.write(PAGE)
    await file.sync()
    times.push(performance.now() - begin)
  }
  return times
}

/** `times`: how long each write took to be on disk, in ms. */
export function judgeSync(times: readonly number[]): Finding {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0
  const found = `A write is on disk after ${middle < 10 ? middle.toFixed(1) : Math.round(middle)} ms`
  const cure =
    'Move FAREBOX_DATA_DIR to a faster disk (a local SSD): every paid call waits for the disk twice.'
  if (middle >= SYNC_FAIL_MS) return failed(found, cure)
  return middle >= SYNC_WARN_MS ? warning(found, cure) : good(found)
}

/** The money is in the database and sealed by the key: neither is for other users of the machine. */
async function lookAtModes(dataDir: string): Promise<Finding> {
  if (platform() === 'win32') return good('Not looked at on Windows')
  const findings: Finding[] = []
  const isOpen = await othersMay(dataDir)
  if (await othersMay(join(dataDir, 'secret.key'))) {
    findings.push(failed('Others may read secret.key', `Run chmod 600 ${join(dataDir, 'secret.key')}.`))
  }
  for (const name of ['farebox.db', 'farebox.db-wal']) {
    if (!isOpen || !(await othersMay(join(dataDir, name)))) continue
    findings.push(
      failed(`Others may read ${name}`, `Run chmod 700 ${dataDir} && chmod 600 ${join(dataDir, name)}.`),
    )
  }
  return findings.length === 0 ? good('The key and the database are for the node alone') : together(findings)
}

/** Whether the group or anybody may do anything with it; false for what is not there. */
async function othersMay(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & 0o077) !== 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
