import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { App } from '../../src/app.ts'
import { readBooks } from '../../src/books.ts'
import { startTestNode } from '../support/test-node.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/run/backup.md'), 'utf8')

test('a copy made as the page on backups says, while the node serves, is a whole node beside its key', async () => {
  await using node = await startTestNode()
  const created = await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(500) })
  const key = String(created.body['api_key'])
  const before = await node.get('/v1/wallet/info', key)

  const statement = /sqlite3 data\/farebox\.db "(VACUUM INTO 'backup\.db')"/.exec(page)?.[1] ?? ''
  const restored = mkdtempSync(join(tmpdir(), 'farebox-restored-'))
  const database = new DatabaseSync(join(node.dataDir, 'farebox.db'))
  database.exec(statement.replace('backup.db', join(restored, 'farebox.db')))
  database.close()
  copyFileSync(join(node.dataDir, 'secret.key'), join(restored, 'secret.key'))

  const app = await App.open({ dataDir: restored, mints: [node.mint.url], upstreams: [] })
  try {
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const answer = await fetch(`${url}/v1/wallet/info`, { headers: { authorization: `Bearer ${key}` } })
    expect(await answer.json()).toEqual(before)
    expect((await readBooks(app.rooms)).differences).toEqual([])
  } finally {
    await app.close()
    rmSync(restored, { recursive: true, force: true })
  }
})
