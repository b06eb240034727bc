import { mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAccount, transfer } from '../../../ledger/index.ts'
import { systemClock } from '../../../lib/index.ts'
import { msat } from '../../../money/index.ts'
import { sql, Storage, tablesOf } from '../../../storage/index.ts'
import { perform } from '../report.ts'
import { databaseChecks, judgeDurability } from './database.ts'

let dir: string
let storage: Storage
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-doctor-'))
  storage = Storage.open(dir)
  await storage.transact(async (tx) => {
    const from = await openAccount(tx, { code: 'asset:a', kind: 'asset' })
    const to = await openAccount(tx, { code: 'wallet:b', kind: 'liability' })
    for (let i = 0; i < 400; i += 1) {
      const entries = [
        { account: from, amount: msat(-7n) },
        { account: to, amount: msat(7n) },
      ]
      await transfer(tx, { reference: `t${i}`, reason: 'test', entries, at: i })
    }
  })
})
afterEach(async () => {
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

const look = async (name: string): Promise<unknown> => {
  const node = { boot: 'boot_x', publicUrl: undefined, address: 'http://127.0.0.1:1' }
  const rest = { clock: systemClock, mints: [], upstreams: [], egress: [], rate: NO_RATE }
  const check = databaseChecks({ dataDir: dir, storage, node, ...rest }).find((one) => one.name === name)
  return check && perform(check, 5000)
}
const NO_RATE = {
  refresh: async () => undefined,
  rate: () => ({ centsPerBtc: 1n }),
  current: () => undefined,
  feeds: () => [],
}

describe('the database', () => {
  test('of a node is durable, whole and balanced', async () => {
    expect(await look('database')).toMatchObject({ state: 'ok' })
    expect(await look('database integrity')).toMatchObject({ state: 'ok' })
    expect(await look('books')).toMatchObject({ state: 'ok', found: '800 entries balance; 0 holds are open' })
  })

  test('with a connection that does not wait for the disk has failed', () => {
    expect(judgeDurability([2, 1])).toMatchObject({ state: 'failed' })
    expect(judgeDurability([])).toMatchObject({ state: 'failed' })
  })

  test('with a balance that its entries do not come to has failed, and the account is named', async () => {
    await storage.transact((tx) =>
      sql`UPDATE account SET posted_msat = posted_msat + 1 WHERE code = 'wallet:b'`.execute(tablesOf(tx)),
    )
    expect(await look('books')).toMatchObject({ ok: false, found: expect.stringContaining('wallet:b') })
    expect(await look('database integrity')).toMatchObject({ ok: true })
  })

  test('with a damaged page has failed, and its cure is the backup', async () => {
    await storage[Symbol.asyncDispose]()
    const path = join(dir, 'farebox.db')
    const file = openSync(path, 'r+')
    // The schema's own pages come first; those behind them hold rows.
    for (let at = statSync(path).size - 4 * 4096; at < statSync(path).size; at += 4096)
      writeSync(file, Buffer.alloc(2048, 0xff), 0, 2048, at)
    storage = Storage.open(dir)
    expect(await look('database integrity')).toMatchObject({
      ok: false,
      cure: expect.stringContaining('backup'),
    })
  })
})
