import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { MIGRATION_FAILPOINTS } from '../../src/storage/index.ts'
import { ask, jsonOf } from './support/caller.ts'
import { runChild, startChild } from './support/child-node.ts'
import { copyFixture } from './support/fixture.ts'

const MONEY = [
  'account',
  'entry',
  'transfer',
  'hold',
  'proof',
  'operation',
  'wallet',
  'payment',
  'answer',
  'secret',
]

/** All rows that money hangs on, and how far the schema is. */
function contentOf(path: string): { schema: unknown; rows: unknown } {
  const database = new DatabaseSync(path)
  const all = (sql: string): unknown[] => database.prepare(sql).all()
  const schema = database.prepare('SELECT max(number) AS n FROM schema_migration').get()?.['n']
  const rows = MONEY.map((table) => all(`SELECT * FROM ${table} ORDER BY 1`))
  database.close()
  return { schema, rows }
}

describe.concurrent('an upgrade that is killed', () => {
  test.each(MIGRATION_FAILPOINTS)(
    'at %s loses nothing, and the next start completes it',
    async (failpoint) => {
      using old = copyFixture(1)
      const path = join(old.dataDir, 'farebox.db')
      const before = contentOf(path)
      const { signal } = await runChild({ settings: old.settings({ FAILPOINT: failpoint }) })
      expect(signal).toBe('SIGKILL')
      const after = contentOf(path)
      expect(after.rows).toEqual(before.rows)
      expect(after.schema).toBe(failpoint === 'migration.committed' ? 2 : 1)
      expect(contentOf(`${path}.before-2`)).toEqual(before)

      const child = await startChild({ settings: old.settings() })
      const { key, balanceMsat } = old.facts.saver
      const headers = { authorization: `Bearer ${key}` }
      const info = await ask(child.baseUrl, { method: 'GET', path: '/v1/wallet/info', headers })
      expect(jsonOf(info)).toMatchObject({ balance: balanceMsat, reserved: 0 })
      expect(await child.stop()).toMatchObject({ code: 0 })
      expect(contentOf(path).schema).toBe(2)
      expect(readdirSync(old.dataDir).filter((name) => name.endsWith('.part'))).toEqual([])
    },
  )
})

describe('an upgrade that cannot be', () => {
  test('of a newer schema stops the start by its number, and leaves all as it was', async () => {
    using old = copyFixture(1)
    const path = join(old.dataDir, 'farebox.db')
    const database = new DatabaseSync(path)
    database.exec("INSERT INTO schema_migration VALUES (999, '0999-later', 'x', 0)")
    database.close()
    const before = contentOf(path)
    const { code, output } = await runChild({ settings: old.settings() })
    expect({ code, output: output.trim() }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^The database has schema 999, .* knows \d+\. Start the newer version again\.$/,
      ),
    })
    expect(contentOf(path)).toEqual(before)
    expect(existsSync(`${path}.before-2`)).toBe(false)
  })
})
