import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteConnection } from './engines/sqlite.ts'
import { checksum, migrate } from './migrate.ts'
import { type Migration, migrations } from './migrations/index.ts'

let dir: string
let path: string
let connection: SqliteConnection
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-migrate-'))
  path = join(dir, 'farebox.db')
  connection = new SqliteConnection(path, { readonly: false })
})
afterEach(() => {
  connection.close()
  rmSync(dir, { recursive: true })
})

const step = (number: number): Migration => ({
  name: `m${number}`,
  sql: `CREATE TABLE t${number} (a INTEGER)`,
})
const steps = (count: number): Migration[] => Array.from({ length: count }, (_, i) => step(i + 1))
const tables = (of = connection): readonly unknown[] =>
  of.allNow("SELECT name FROM sqlite_schema WHERE name LIKE 't%' ORDER BY name", [])
const copies = (): string[] => readdirSync(dir).filter((name) => name.includes('.before-'))

describe('migrations', () => {
  test('that were released never change', () => {
    expect(migrations.map((migration) => [migration.name, checksum(migration)])).toEqual([
      ['0001-first', '029fb547fb5e99fdce81857103ffda24515879fa106d9736f7037183cd647be8'],
      ['0002-operators', '23e8be5fc7580e7b38f5b9923040d7c871bd750834359c374df4fb8c56560ec5'],
    ])
  })

  test('save the database beside itself first, for its owner only, unless it is new', () => {
    expect(migrate(connection, path, steps(1))).toBeUndefined()
    expect(copies()).toEqual([])
    expect(migrate(connection, path, steps(3))).toEqual({ from: 1, to: 3, savedAs: `${path}.before-2` })
    expect(copies()).toEqual(['farebox.db.before-2'])
    expect(statSync(`${path}.before-2`).mode & 0o777).toBe(0o600)
    const copy = new SqliteConnection(`${path}.before-2`, { readonly: true })
    expect(tables(copy)).toEqual([{ name: 't1' }])
    copy.close()
    expect(tables()).toHaveLength(3)
    expect(migrate(connection, path, steps(3))).toBeUndefined()
  })

  test('keep the copies of the last two upgrades', () => {
    for (let count = 1; count <= 4; count += 1) migrate(connection, path, steps(count))
    expect(copies().toSorted()).toEqual(['farebox.db.before-3', 'farebox.db.before-4'])
  })

  test('replace what a crash left of a copy', () => {
    migrate(connection, path, steps(1))
    writeFileSync(`${path}.before-2`, 'half a copy')
    writeFileSync(`${path}.before-2.part`, 'half a copy', { mode: 0o644 })
    migrate(connection, path, steps(2))
    expect(copies()).toEqual(['farebox.db.before-2'])
    expect(statSync(`${path}.before-2`).size).toBeGreaterThan(4096)
    expect(statSync(`${path}.before-2`).mode & 0o777).toBe(0o600)
  })

  test('that fail change nothing, and say where the copy is', () => {
    migrate(connection, path, steps(1))
    const bad = { name: 'm2', sql: 'CREATE TABLE t2 (a INTEGER); CREATE TABLE t1 (a INTEGER)' }
    expect(() => migrate(connection, path, [step(1), bad])).toThrow(
      /by m2 .*t1.* as it was.*farebox\.db\.before-2/,
    )
    expect(tables()).toEqual([{ name: 't1' }])
    expect(migrate(connection, path, steps(2))).toMatchObject({ from: 1, to: 2 })
  })

  test('refuse a newer schema, and one that another migration made', () => {
    migrate(connection, path, steps(2))
    expect(() => migrate(connection, path, steps(1))).toThrow(
      /has schema 2, .* knows 1\. Start the newer version/,
    )
    const other = { name: 'm2', sql: 'CREATE TABLE t2 (b INTEGER)' }
    expect(() => migrate(connection, path, [step(1), other])).toThrow(/m2 is not the one that made/)
    expect(tables()).toHaveLength(2)
  })
})
