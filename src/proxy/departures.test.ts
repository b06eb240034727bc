import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listDeadDepartures } from '../ledger/index.ts'
import { Storage } from '../storage/index.ts'
import { Departures } from './departures.ts'

let dir: string
let storage: Storage
let departures: Departures
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-departures-'))
  storage = Storage.open(dir)
  departures = new Departures(storage, 'boot_now')
})
afterEach(async () => {
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})
const commit = (): Promise<void> => storage.transact(async () => undefined)
/** What the next run of the process finds. */
const found = () => storage.read((tx) => listDeadDepartures(tx, 'boot_next'))
const listed = async () => (await found()).flatMap(({ holdIds }) => holdIds)

describe('departures', () => {
  test('what is expected to leave is on the list that the next commit saves', async () => {
    departures.expect({ id: 7n })
    departures.expect({ id: 9n })
    expect(await found()).toEqual([])
    await commit()
    expect(await found()).toEqual([{ boot: 'boot_now', holdIds: [7n, 9n] }])
  })

  test('what has left is off the list with the next commit, in whatever order it leaves', async () => {
    for (const id of [1n, 2n, 3n]) departures.expect({ id })
    await commit()
    departures.left({ id: 2n })
    departures.left({ id: 3n })
    expect(await listed()).toEqual([1n, 2n, 3n])
    await commit()
    expect(await listed()).toEqual([1n])
  })

  test('the list is that of the commit, also where a work of it fails', async () => {
    departures.expect({ id: 5n })
    const failing = storage.transact(async () => {
      throw new Error('refused')
    })
    await Promise.allSettled([failing, commit()])
    expect(await listed()).toEqual([5n])
  })

  test('a commit that finds nothing changed saves nothing', async () => {
    departures.left({ id: 4n })
    await commit()
    expect(await found()).toEqual([])
  })

  test('flush saves what no commit took along', async () => {
    departures.expect({ id: 8n })
    await commit()
    departures.left({ id: 8n })
    await departures.flush()
    expect(await listed()).toEqual([])
  })

  test('a run does not take its own list for that of a dead one', async () => {
    departures.expect({ id: 6n })
    await commit()
    expect(await storage.read((tx) => listDeadDepartures(tx, 'boot_now'))).toEqual([])
  })
})
