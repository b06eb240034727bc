import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { Storage } from '../storage.ts'
import { tablesOf } from '../tx.ts'
import { type NodeSecrets, openNodeKey } from './node-key.ts'
import { resumeRotation, rotateKey } from './rotate-key.ts'
import { SEALED_BY_CALLERS, SEALED_COLUMNS } from './sealed-columns.ts'

const HEX = ['11'.repeat(32), '22'.repeat(32)] as const
let dir: string
let storage: Storage
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-keys-'))
  storage = Storage.open(dir)
})
afterEach(async () => {
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

const open = (given: readonly string[] = []): Promise<NodeSecrets> =>
  openNodeKey(storage, { dataDir: dir, given })
const file = (): string => join(dir, 'secret.key')
const lines = (): string[] => readFileSync(file(), 'utf8').trim().split('\n')

describe('the columns that a rotation seals anew', () => {
  test('are all that the schema has by the names of sealed ones', async () => {
    const found = await storage.read((tx) =>
      sql<{
        place: string
      }>`SELECT m.name || '.' || c.name AS place FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND (c.name LIKE '%sealed%' OR c.name = 'canary')`.execute(
        tablesOf<unknown>(tx),
      ),
    )
    const known = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`)
    expect(found.rows.map(({ place }) => place).toSorted()).toEqual(
      [...known, ...SEALED_BY_CALLERS].toSorted(),
    )
  })
})

describe('keys in the file', () => {
  test('are changed for a new one of the same node, which is the only one that opens anything then', async () => {
    const secrets = await open()
    const [old = ''] = lines()
    const rotation = await rotateKey(storage, secrets)
    expect(rotation).toEqual({ isComplete: true, resealed: 2, next: [] })
    const [fresh = '', ...more] = lines()
    expect(more).toEqual([])
    expect(fresh.split('.').slice(0, 2)).toEqual(old.split('.').slice(0, 2))
    expect(fresh).not.toBe(old)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect((await open()).walletKey).toEqual(secrets.walletKey)
    await expect(open([old])).rejects.toMatchObject({ code: 'node_key_foreign' })
  })

  test('can be changed for one that the operator brings', async () => {
    const secrets = await open()
    await rotateKey(storage, secrets, HEX[0])
    expect(lines()).toEqual([HEX[0]])
    expect((await open([HEX[0]])).walletKey).toEqual(secrets.walletKey)
    for (const wrong of ['abcd', `fbk1.node_other.${'A'.repeat(43)}`, HEX.join(',')])
      await expect(rotateKey(storage, secrets, wrong)).rejects.toMatchObject({
        code: expect.stringMatching(/^node_key_/),
      })
    expect(lines()).toEqual([HEX[0]])
  })

  test('are all known when there are several; what was begun is finished, and no further key is made', async () => {
    await open()
    const [old = ''] = lines()
    writeFileSync(file(), `${HEX[0]}\n${old}\n`)
    const secrets = await open()
    expect(await resumeRotation(storage, secrets)).toMatchObject({ isComplete: true, resealed: 2 })
    expect(lines()).toEqual([HEX[0]])
    expect(await resumeRotation(storage, secrets)).toBeUndefined()
  })

  test('are not changed twice at once', async () => {
    const secrets = await open()
    const outcomes = await Promise.allSettled([rotateKey(storage, secrets), rotateKey(storage, secrets)])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'key_rotation_running' } },
    ])
    await rotateKey(storage, secrets)
    expect((await open()).walletKey).toEqual(secrets.walletKey)
  })

  test('stay where a link points', async () => {
    const secrets = await open()
    mkdirSync(join(dir, 'elsewhere'))
    renameSync(file(), join(dir, 'elsewhere/key'))
    symlinkSync(join(dir, 'elsewhere/key'), file())
    await rotateKey(storage, secrets)
    expect(lstatSync(file()).isSymbolicLink()).toBe(true)
    expect((await open()).walletKey).toEqual(secrets.walletKey)
  })

  test('that no longer open the database say so before anything is written', async () => {
    await open()
    for (const text of ['', 'not a key', 'abcd\n']) {
      writeFileSync(file(), text)
      await expect(open()).rejects.toMatchObject({
        code: 'node_key_invalid',
        message: expect.stringMatching(/secret\.key is .*64 hex digits/),
      })
    }
  })

  test('say which copies still need the old one', async () => {
    const secrets = await open()
    writeFileSync(join(dir, 'farebox.db.before-2'), '')
    const { next } = await rotateKey(storage, secrets)
    expect(next).toEqual([
      expect.stringMatching(/^farebox\.db\.before-2 and older backups open with the old key only/),
    ])
  })
})

describe('keys of the environment', () => {
  test('are changed in two steps, because only the operator can write them', async () => {
    const secrets = await open([HEX[0]])
    const first = await rotateKey(storage, secrets)
    expect(first).toMatchObject({ isComplete: false, resealed: 0, newKey: expect.stringMatching(/^fbk1\./) })
    expect(first.next.join(' ')).toContain('FAREBOX_SECRET_KEY')
    // A file of several keys comes as one text.
    const both = await open([`${first.newKey}\n${HEX[0]}\n`])
    expect(await rotateKey(storage, both)).toMatchObject({ isComplete: true, resealed: 2 })
    expect((await open([first.newKey ?? ''])).walletKey).toEqual(secrets.walletKey)
    await expect(open([HEX[0]])).rejects.toMatchObject({ code: 'node_key_foreign' })
  })

  test('may not belong to two nodes', async () => {
    const other = `fbk1.node_other.${'A'.repeat(43)}`
    await open()
    await expect(open([...lines(), other])).rejects.toMatchObject({ code: 'node_key_foreign' })
  })
})
