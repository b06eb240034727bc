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
    // Money may have moved before: whoever is told so may ask again, and is told when.
    expect(queue.failure).toMatchObject({ code: 'storage_failed', retryAfterS: 60 })
    expect(queue.failure?.message).toMatch(/settled then/)
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

/** A disk on which nothing can be undone either. */
class Unforgiving extends SqliteConnection {
  override command(statement: string): void {
    if (statement === 'ROLLBACK') throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
    super.command(statement)
  }
}

describe('a transaction that cannot be undone', () => {
  test('ends all writing: every work is told, and none waits for ever', async () => {
    const unforgiving = new Unforgiving(join(dir, 'farebox.db'), { readonly: false })
    const broken = new CommitQueue(unforgiving)
    const told: string[] = []
    broken.onFailure(({ code }) => told.push(code))
    const work = broken.transact(() => Promise.reject(new Error('no')))
    await expect(work).rejects.toMatchObject({ code: 'storage_failed' })
    await expect(broken.transact(async () => 1)).rejects.toMatchObject({ code: 'storage_failed' })
    expect(told).toEqual(['storage_failed'])
    unforgiving.close()
  })
})

describe('a database that is closed', () => {
  test('refuses work that comes too late, and is not taken for a broken disk', async () => {
    const closed = new SqliteConnection(join(dir, 'farebox.db'), { readonly: false })
    const late = new CommitQueue(closed)
    closed.close()
    await expect(late.transact(async () => 1)).rejects.toThrow(/not open/)
    expect(late.failure).toBeUndefined()
  })
})
