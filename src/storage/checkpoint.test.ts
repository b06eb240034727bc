import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkpoint } from './checkpoint.ts'
import { CommitQueue } from './commit-queue.ts'
import { SqliteConnection } from './engines/sqlite.ts'

const PAGE = 4096
const ROUNDS = 20
const PAGES_A_ROUND = 50
const MAX = 100
let dir: string
let path: string
let writer: SqliteConnection
let copier: SqliteConnection

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-checkpoint-'))
  path = join(dir, 'farebox.db')
  writer = new SqliteConnection(path, { readonly: false })
  copier = new SqliteConnection(path, { readonly: false })
  writer.exec('CREATE TABLE page (id INTEGER PRIMARY KEY, bytes BLOB)')
})
afterEach(() => {
  writer.close()
  copier.close()
  rmSync(dir, { recursive: true })
})

/** Writes so that a transaction is open at every checkpoint, as under a full load. @returns pages that the log takes */
function pagesAfterLoad(afterCommit: (pages: number) => void): number {
  for (let round = 0; round < ROUNDS; round += 1) {
    writer.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < PAGES_A_ROUND; i += 1) {
      writer.allNow('INSERT INTO page (bytes) VALUES (zeroblob(3500))', [])
    }
    const pages = checkpoint(copier)
    writer.exec('COMMIT')
    afterCommit(pages)
  }
  const [count] = copier.allNow('SELECT count(*) AS n FROM page', [])
  expect(count).toEqual({ n: BigInt(ROUNDS * PAGES_A_ROUND) })
  return statSync(`${path}-wal`).size / PAGE
}

describe('the write-ahead log under a load that never pauses', () => {
  test('grows without end if nothing is done', () => {
    expect(pagesAfterLoad(() => undefined)).toBeGreaterThan(ROUNDS * PAGES_A_ROUND)
  })

  test('is begun anew between two commits when it has grown too long', () => {
    const pages = pagesAfterLoad((long) => {
      if (long > MAX) checkpoint(writer)
    })
    expect(pages).toBeLessThan(MAX + 3 * PAGES_A_ROUND)
  })

  test('is left as it is, at once, while somebody reads from it', () => {
    writer.allNow('INSERT INTO page (bytes) VALUES (zeroblob(3500))', [])
    const reader = new SqliteConnection(path, { readonly: true })
    reader.exec('BEGIN')
    reader.allNow('SELECT count(*) FROM page', [])
    writer.allNow('INSERT INTO page (bytes) VALUES (zeroblob(3500))', [])
    const before = performance.now()
    checkpoint(writer)
    expect(performance.now() - before).toBeLessThan(1000)
    expect(reader.allNow('SELECT count(*) AS n FROM page', [])).toEqual([{ n: 1n }])
    reader.close()
  })

  test('is begun anew by the commit queue after the commit that follows the wish', async () => {
    const queue = new CommitQueue(writer)
    const write = () =>
      queue.transact(async () => {
        for (let i = 0; i < PAGES_A_ROUND; i += 1)
          writer.allNow('INSERT INTO page (bytes) VALUES (zeroblob(3500))', [])
      })
    const grown = async (isWished: boolean): Promise<number> => {
      if (isWished) queue.restartLog()
      await write()
      const before = statSync(`${path}-wal`).size
      await write()
      return statSync(`${path}-wal`).size - before
    }
    await write()
    expect(await grown(false)).toBeGreaterThan(0)
    expect(await grown(true)).toBe(0)
  })
})
