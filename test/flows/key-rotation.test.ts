import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBooks } from '../../src/books.ts'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { systemClock } from '../../src/lib/index.ts'
import { openNodeKey, type Place, ROTATION_FAILPOINTS, rotateKey, Storage } from '../../src/storage/index.ts'
import { Upstreams } from '../../src/upstreams/index.ts'
import { type Ending, runChild } from '../faults/support/child-node.ts'
import type { RotationJob, RotationReport } from '../faults/support/rotating-child.ts'
import { startTestNode } from '../support/test-node.ts'

const CHILD = join(import.meta.dirname, '../faults/support/rotating-child.ts')
const FACE_SAT = 600
const KILLS = [...ROTATION_FAILPOINTS, 'rotation.resealed:2']
const COLUMNS = [
  ['proof', 'sealed', 'y'],
  ['operation', 'sealed_plan', 'id'],
  ['operation', 'sealed_result', 'id'],
  ['upstream', 'sealed_key', 'id'],
  ['secret', 'sealed', 'name'],
  ['node', 'canary', 'id'],
] as const

let root: string
let mint: PlayMint
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'farebox-rotation-'))
  mint = await startPlayMint({ feePpk: 100 })
})
afterAll(async () => {
  await mint.close()
  rmSync(root, { recursive: true, force: true })
})

/** A data directory with more sealed values than two batches take. */
async function fill(name: string): Promise<{ dir: string; ecash: readonly string[] }> {
  const dir = join(root, name)
  const { filled } = await run({ dir, task: 'fill', ecash: await mint.mintEcash(FACE_SAT) })
  return { dir, ecash: filled }
}

async function start(job: Omit<RotationJob, 'mint'>): Promise<Ending & { output: string }> {
  return runChild({ script: [CHILD, JSON.stringify({ ...job, mint: mint.url })] })
}

async function run(job: Omit<RotationJob, 'mint'>): Promise<RotationReport> {
  const { code, output } = await start(job)
  if (code !== 0) throw new Error(output)
  const report: RotationReport = JSON.parse(output)
  return report
}

const rowOf = (key: unknown): string =>
  key instanceof Uint8Array ? Buffer.from(key).toString('hex') : String(key)

interface SealedValue {
  readonly place: Place
  readonly sealed: string
}

/** Every value in a database that the root key seals. */
function sealedIn(dir: string): SealedValue[] {
  const database = new DatabaseSync(join(dir, 'farebox.db'))
  const found = COLUMNS.flatMap(([table, column, key]) =>
    database
      .prepare(`SELECT ${key} AS key, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL`)
      .all()
      .map(({ key: row, sealed }) => {
        const place = { table, column, row: table === 'node' ? 'node' : rowOf(row) }
        return { place, sealed: String(sealed) }
      }),
  )
  database.close()
  return found
}

const idsOf = (dir: string): Set<string> => new Set(sealedIn(dir).map(({ sealed }) => sealed.slice(0, 12)))
const keysIn = (dir: string): string[] => readFileSync(join(dir, 'secret.key'), 'utf8').trim().split('\n')

/** How many values the key in the file opens; throws at the first that it does not open. */
async function openAll(dir: string): Promise<number> {
  await using storage = Storage.open(dir)
  const { vault } = await openNodeKey(storage, { dataDir: dir, given: [] })
  return sealedIn(dir).filter(({ place, sealed }) => vault.open(place, sealed).length > 0).length
}

describe.concurrent('a root key that is changed under traffic', () => {
  test('is in the file for its owner only, and the old one opens nothing any more', async () => {
    const { dir, ecash } = await fill('whole')
    const [old = ''] = keysIn(dir)
    const [oldId = ''] = idsOf(dir)
    const report = await run({ dir, task: 'rotate' })
    expect(report.rounds).toBeGreaterThan(0)
    expect(report.resealed).toBeGreaterThan(200)
    expect(report.filled).toEqual(ecash)
    expect(keysIn(dir)).toHaveLength(1)
    expect(keysIn(dir)).not.toEqual([old])
    expect(statSync(join(dir, 'secret.key')).mode & 0o777).toBe(0o600)
    expect(idsOf(dir).size).toBe(1)
    expect(idsOf(dir)).not.toContain(oldId)
    expect(await openAll(dir)).toBeGreaterThan(200)

    writeFileSync(join(dir, 'secret.key'), old)
    const { code, output } = await start({ dir, task: 'resume' })
    expect(code).not.toBe(0)
    expect(output).toContain('The key belongs to another database')
  })

  test.each(KILLS)('and killed at %s loses nothing; the next start finishes it', async (failpoint) => {
    const { dir, ecash } = await fill(failpoint.replace(':', '-'))
    const [old = ''] = keysIn(dir)
    const [oldId = ''] = idsOf(dir)
    expect(await start({ dir, task: 'rotate', failpoint })).toMatchObject({ signal: 'SIGKILL' })
    const [fresh = '', ...more] = keysIn(dir)
    expect(fresh).not.toBe(old)
    expect(more).toEqual(failpoint === 'rotation.dropped' ? [] : [old])

    expect((await run({ dir, task: 'resume' })).filled).toEqual(ecash)
    expect(keysIn(dir)).toEqual([fresh])
    expect(idsOf(dir).size).toBe(1)
    expect(idsOf(dir)).not.toContain(oldId)
    expect(await openAll(dir)).toBeGreaterThan(200)
    expect(readdirSync(dir).filter((name) => name.startsWith('secret.key'))).toEqual(['secret.key'])
  })
})

test('a serving node goes on selling while its root key is changed, and its sk- keys and change outlive the old one', async () => {
  await using node = await startTestNode()
  const made = await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(512) })
  const key = String(made.body['api_key'])
  const chat = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], max_tokens: 20 }
  const call = (headers: Record<string, string>) => node.post('/v1/chat/completions', chat, headers)
  const bearer = { authorization: `Bearer ${key}` }
  const later = await node.mint.mintEcash(100)
  expect(await call({ 'x-cashu': later, 'x-cashu-change': 'later' })).toMatchObject({ status: 200 })

  const { storage, secrets } = node.app.rooms
  const oneShots = await Promise.all(Array.from({ length: 4 }, () => node.mint.mintEcash(100)))
  const [rotation, ...replies] = await Promise.all([
    rotateKey(storage, secrets),
    ...Array.from({ length: 8 }, () => call(bearer)),
    ...oneShots.map((ecash) => call({ 'x-cashu': ecash })),
  ])
  expect(rotation).toMatchObject({ isComplete: true })
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
  const before = await node.get('/v1/wallet/info', key)
  expect(idsOf(node.dataDir).size).toBe(1)

  const again = await node.restart()
  expect(await again.get('/v1/wallet/info', key)).toEqual(before)
  const claimed = await again.post('/v1/wallet/refund', {}, { 'x-cashu': later })
  expect(claimed).toMatchObject({ status: 200, body: { token: expect.stringMatching(/^cashu/) } })
  expect(await readBooks(again.app.rooms)).toMatchObject({ differences: [] })
  await again.app.close()
})

test('the keys of upstreams are sealed anew as well', async () => {
  const dir = join(root, 'upstream')
  const wanted = {
    id: 'spare',
    type: 'openai',
    url: 'http://127.0.0.1:9/v1',
    key: 'sk-spare',
    prices: 'openai',
  }
  const open = async (storage: Storage) => {
    const secrets = await openNodeKey(storage, { dataDir: dir, given: [] })
    const parts = { storage, vault: secrets.vault, declared: [], clock: systemClock }
    return { secrets, upstreams: await Upstreams.open(parts) }
  }
  {
    await using storage = Storage.open(dir)
    const { secrets, upstreams } = await open(storage)
    await upstreams.add({ ...wanted, marginBp: undefined })
    await rotateKey(storage, secrets)
    await upstreams.close()
  }
  await using storage = Storage.open(dir)
  const { upstreams } = await open(storage)
  expect(upstreams.states()).toMatchObject([{ config: { key: 'sk-spare' } }])
  expect(idsOf(dir).size).toBe(1)
  await upstreams.close()
})
