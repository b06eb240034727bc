import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultsOf } from './support/books.ts'
import { ask, jsonOf, type Question, type Seen } from './support/caller.ts'
import { type ChildNode, startChild } from './support/child-node.ts'
import { openLab } from './support/lab.ts'

/** More than a new database takes, whichever size a block has here. */
const FILE_BLOCKS = 1500
const CALLS_MAX = 300

const question = (key: string): Question => ({
  path: '/v1/chat/completions',
  headers: { authorization: `Bearer ${key}` },
  body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], max_tokens: 20 },
})
const get = (child: ChildNode, path: string, key = ''): Promise<Seen> =>
  ask(child.baseUrl, { method: 'GET', path, headers: key ? { authorization: `Bearer ${key}` } : {} })

test('a node whose disk is full refuses calls, says so, and has lost nothing when there is room again', async () => {
  await using lab = await openLab()
  const settings = lab.settings({ LOG_LEVEL: 'info' })
  const child = await startChild({ settings, fileBlocks: FILE_BLOCKS })
  const ecash = await lab.mint.mintEcash(512)
  const made = await ask(child.baseUrl, { path: '/v1/wallet/create', body: { cashu_token: ecash } })
  const key = String(jsonOf(made)['api_key'])
  let answered = 0
  let seen = await ask(child.baseUrl, question(key))
  for (; seen.status === 200 && answered < CALLS_MAX; answered += 1)
    seen = await ask(child.baseUrl, question(key))
  expect(answered).toBeGreaterThan(0)
  expect(seen.status).toBe(503)

  const refused = await ask(child.baseUrl, question(key))
  expect(refused).toMatchObject({ status: 503 })
  expect(jsonOf(refused)).toMatchObject({ error: { code: 'storage_failed' } })
  const more = await lab.mint.mintEcash(64)
  const created = await ask(child.baseUrl, { path: '/v1/wallet/create', body: { cashu_token: more } })
  expect(created).toMatchObject({ status: 503 })
  expect((await get(child, '/healthz')).status).toBe(200)
  const ready = await get(child, '/readyz')
  expect(ready.status).toBe(503)
  expect(jsonOf(ready)['reasons']).toContainEqual(expect.stringMatching(/database cannot be written.*disk/))
  expect(child.output()).toMatch(/"event":"storage_failed"/)
  const asked = lab.upstream.stats.calls
  expect((await ask(child.baseUrl, question(key))).status).toBe(503)
  expect(lab.upstream.stats.calls).toBe(asked)
  expect(await child.stop()).toEqual({ code: 0, signal: null })

  const app = await lab.reopen(child.baseUrl)
  const database = new DatabaseSync(join(lab.dataDir, 'farebox.db'), { readOnly: true })
  // The charge of the last answer, which never left, was given back.
  const [row] = database
    .prepare("SELECT sum(charge_msat) AS msat FROM hold WHERE state = 'settled' AND returned_at IS NULL")
    .all()
  database.close()
  const info = jsonOf(await get(child, '/v1/wallet/info', key))
  expect(info).toMatchObject({ balance: 511_000 - Number(row?.['msat']), reserved: 0 })
  // The ecash that came when nothing could be written is still the caller's.
  const again = await ask(child.baseUrl, { path: '/v1/wallet/create', body: { cashu_token: more } })
  expect(again).toMatchObject({ status: 200 })
  expect(await faultsOf(app)).toEqual([])
})
