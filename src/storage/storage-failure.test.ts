import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CommitQueue } from './commit-queue.ts'
import { SqliteConnection } from './engines/sqlite.ts'
import { tablesOf } from './tx.ts'

interface Tables {
  page: { id?: number; bytes: Buffer }
}

let dir: string
let connection: SqliteConnection
let queue: CommitQueue
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-failure-'))
  connection = new SqliteConnection(join(dir, 'farebox.db'), { readonly: false })
  connection.exec('CREATE TABLE page (id INTEGER PRIMARY KEY, bytes BLOB)')
  // SQLite's own limit: the disk is "full" at a hundred pages.
  connection.exec('PRAGMA max_page_count = 100')
  queue = new CommitQueue(connection)
})
afterEach(() => {
  connection.close()
  rmSync(dir, { recursive: true })
})

const put = (bytes: number): Promise<unknown> =>
  queue.transact((tx) =>
    tablesOf<Tables>(tx)
      .insertInto('page')
      .values({ bytes: Buffer.alloc(bytes) })
      .execute(),
  )
const count = (): unknown => connection.allNow('SELECT count(*) AS n FROM page', [])

describe('a disk that is full', () => {
  test('ends all writing, is told once, and leaves what was committed', async () => {
    const told: string[] = []
    queue.onFailure(({ code }) => told.push(code))
    await put(1000)
    const outcomes = await Promise.allSettled([put(1000), put(1_000_000), put(1000)])
    expect(outcomes).toMatchObject(
      outcomes.map(() => ({ status: 'rejected', reason: { code: 'storage_failed' } })),
    )
    expect(queue.failure).toMatchObject({ code: 'storage_failed' })
    await expect(put(1)).rejects.toMatchObject({ code: 'storage_failed' })
    expect(told).toEqual(['storage_failed'])
    expect(count()).toEqual([{ n: 1n }])
    expect(connection.isInTransaction).toBe(false)
  })

  test('that is only busy ends nothing', async () => {
    connection.exec('PRAGMA busy_timeout = 0')
    const other = new SqliteConnection(join(dir, 'farebox.db'), { readonly: false })
    other.exec('BEGIN IMMEDIATE')
    await expect(put(1)).rejects.toThrow(/locked/)
    other.exec('ROLLBACK')
    other.close()
    await put(1)
    expect(queue.failure).toBeUndefined()
  })
})
