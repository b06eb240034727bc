import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openNodeKey, Storage, tablesOf, Vault } from './index.ts'

interface Tables {
  setting: { name: string; value_json: string; at: number }
}
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-storage-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})
const put = (storage: Storage, name: string) =>
  storage.transact((tx) =>
    tablesOf<Tables>(tx).insertInto('setting').values({ name, value_json: '1', at: 1 }).execute(),
  )
const names = (storage: Storage) =>
  storage.read((tx) => tablesOf<Tables>(tx).selectFrom('setting').select('name').orderBy('name').execute())

describe('storage', () => {
  test('every connection has synchronous = FULL', async () => {
    await using storage = Storage.open(dir)
    expect(storage.durability()).toEqual([2, 2])
  })

  test('a work that fails takes nothing down but itself', async () => {
    await using storage = Storage.open(dir)
    const outcomes = await Promise.allSettled([put(storage, 'a'), put(storage, 'a'), put(storage, 'b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await names(storage)).toEqual([{ name: 'a' }, { name: 'b' }])
  })

  test('a work that yields to the event loop is refused', async () => {
    await using storage = Storage.open(dir)
    const work = storage.transact(async (tx) => {
      await tablesOf<Tables>(tx).insertInto('setting').values({ name: 'x', value_json: '1', at: 1 }).execute()
      await turn()
    })
    await expect(work).rejects.toThrow(/waited for something other/)
    expect(await names(storage)).toEqual([])
  })

  test('reads outside a transaction do not see what is not committed', async () => {
    await using storage = Storage.open(dir)
    let seen: unknown
    await storage.transact(async (tx) => {
      await tablesOf<Tables>(tx).insertInto('setting').values({ name: 'x', value_json: '1', at: 1 }).execute()
      seen = await names(storage)
    })
    expect(seen).toEqual([])
    expect(await names(storage)).toEqual([{ name: 'x' }])
  })

  test('what rides with commits is asked once a batch, after its works, and again only by the next', async () => {
    await using storage = Storage.open(dir)
    let asked = 0
    let ran = 0
    storage.beforeCommit(() => {
      asked += 1
      if (asked > 1) return undefined
      return async (tx) => {
        ran = (await tablesOf<Tables>(tx).selectFrom('setting').select('name').execute()).length
        await tablesOf<Tables>(tx)
          .insertInto('setting')
          .values({ name: 'z', value_json: '1', at: 1 })
          .execute()
      }
    })
    await Promise.all([put(storage, 'a'), put(storage, 'b')])
    expect({ asked, ran }).toEqual({ asked: 1, ran: 2 })
    await put(storage, 'c')
    expect(asked).toBe(2)
    expect(await names(storage)).toEqual(['a', 'b', 'c', 'z'].map((name) => ({ name })))
  })

  test('a batch whose rider fails is undone whole, and the next one goes on', async () => {
    await using storage = Storage.open(dir)
    let isFirst = true
    storage.beforeCommit(() => {
      if (!isFirst) return undefined
      isFirst = false
      return async () => {
        throw new Error('the rider fell')
      }
    })
    await expect(put(storage, 'a')).rejects.toThrow('the rider fell')
    await put(storage, 'b')
    expect(await names(storage)).toEqual([{ name: 'b' }])
  })

  test('a second node on the same directory is refused', async () => {
    await using storage = Storage.open(dir)
    expect(storage.durability()).toHaveLength(2)
    expect(() => Storage.open(dir)).toThrow(/Another Farebox is using/)
  })

  test('sealed values cannot be moved to another row', () => {
    const vault = new Vault([Buffer.alloc(32, 1)])
    const place = { table: 't', column: 'c', row: '1' }
    const sealed = vault.seal(place, 'secret')
    expect(sealed).toMatch(/^fb1\.[0-9a-f]{8}\./)
    expect(vault.openText(place, sealed)).toBe('secret')
    expect(() => vault.open({ ...place, row: '2' }, sealed)).toThrow(/cannot be opened/)
    expect(() => new Vault([Buffer.alloc(32, 2)]).open(place, sealed)).toThrow(/cannot be opened/)
    expect(new Vault([Buffer.alloc(32, 2), Buffer.alloc(32, 1)]).openText(place, sealed)).toBe('secret')
  })
})

const open = (storage: Storage, given: string[] = []) => openNodeKey(storage, { dataDir: dir, given })

describe('the node key', () => {
  test('is made once, with mode 0600, and opens the same secrets again', async () => {
    await using storage = Storage.open(dir)
    const made = await open(storage)
    expect(statSync(join(dir, 'secret.key')).mode & 0o777).toBe(0o600)
    const again = await open(storage)
    expect(again.nodeId).toBe(made.nodeId)
    expect(again.walletKey.equals(made.walletKey)).toBe(true)
  })

  test('a database without its key, a key without its database and a foreign key stop the start', async () => {
    await using storage = Storage.open(dir)
    await open(storage)
    const key = readFileSync(join(dir, 'secret.key'), 'utf8')
    rmSync(join(dir, 'secret.key'))
    await expect(open(storage)).rejects.toMatchObject({ code: 'node_key_missing' })
    await expect(open(storage, ['11'.repeat(32)])).rejects.toMatchObject({ code: 'node_key_foreign' })
    expect(await open(storage, [key])).toBeDefined()
    await using other = Storage.open(mkdtempSync(join(dir, 'other-')))
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(dir, 'secret.key'), key)
    await expect(open(other)).rejects.toMatchObject({ code: 'database_missing' })
  })
})
