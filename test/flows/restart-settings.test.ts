import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Storage, tablesOf } from '../../src/storage/index.ts'
import { ask, jsonOf } from '../faults/support/caller.ts'
import { runChild, startChild } from '../faults/support/child-node.ts'

/** Every way out of Node ends in a socket that is connected; this tells on stdout whereto. */
const WATCH = `import net from 'node:net'
import dns from 'node:dns'
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) { console.log('CONTACT', args); return connect.apply(this, args) }
const lookup = dns.lookup
dns.lookup = (...args) => {
  if (net.isIP(args[0]) === 0) console.log('CONTACT', args[0])
  return lookup(...args)
}
`

let root: string
let watched: readonly string[]
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'farebox-settings-'))
  writeFileSync(join(root, 'watch.mjs'), WATCH)
  watched = ['--import', join(root, 'watch.mjs'), join(import.meta.dirname, '../../src/main.ts')]
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const main = { UPSTREAM_MAIN_URL: 'http://127.0.0.1:9/v1', UPSTREAM_MAIN_PRICES: 'openai' }

interface SettingTables {
  setting: { name: string; value_json: string; at: number }
}

describe.concurrent('a setting of the database that this version refuses', () => {
  test('stops the start with a sentence, until the environment goes before it', async () => {
    const dataDir = join(root, 'refused')
    const base = { DATA_DIR: dataDir, LISTEN: '127.0.0.1:0', LOG_LEVEL: 'silent' }
    expect(await (await startChild({ settings: base })).stop()).toEqual({ code: 0, signal: null })
    const storage = Storage.open(dataDir)
    const row = { name: 'MARGIN', value_json: '"a tenth"', at: 1 }
    await storage.transact((tx) => tablesOf<SettingTables>(tx).insertInto('setting').values(row).execute())
    await storage[Symbol.asyncDispose]()
    const { code, output } = await runChild({ settings: base })
    expect(code).toBe(78)
    expect(output.trim()).toMatch(/^FAREBOX_MARGIN is a tenth\. Write .*as 10%\. .*database.*config apply\.$/)
    const child = await startChild({ settings: { ...base, MARGIN: '10%' } })
    expect(await child.stop()).toEqual({ code: 0, signal: null })
  })
})

describe.concurrent('a node that nobody has configured', () => {
  test('starts, contacts nobody, and says at /readyz what to write next', async () => {
    const dataDir = join(root, 'unconfigured')
    const base = { DATA_DIR: dataDir, LISTEN: '127.0.0.1:0', LOG_LEVEL: 'debug' }
    const child = await startChild({ settings: base, script: watched })
    const ready = await ask(child.baseUrl, { method: 'GET', path: '/readyz' })
    expect(ready.status).toBe(503)
    const reasons = String(jsonOf(ready)['reasons'])
    for (const name of [
      'FAREBOX_MINTS',
      'farebox config set MINTS=',
      'FAREBOX_UPSTREAM_MAIN_URL',
      'farebox upstreams add',
    ]) {
      expect(reasons).toContain(name)
      expect(child.output()).toContain(name)
    }
    const get = (path: string) => ask(child.baseUrl, { method: 'GET', path })
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/')).status).toBe(200)
    const message = expect.stringContaining('nobody was asked for the price of bitcoin')
    expect(jsonOf(await get('/v1/models'))).toMatchObject({ error: { code: 'rate_unavailable', message } })
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }
    const asked = await ask(child.baseUrl, { path: '/v1/chat/completions', body })
    expect(asked.status).toBeGreaterThanOrEqual(400)
    expect(jsonOf(asked)['error']).toMatchObject({ code: expect.any(String) })
    expect(await child.stop()).toEqual({ code: 0, signal: null })
    expect(child.output()).not.toContain('CONTACT')
    expect(readdirSync(dataDir)).toContain('secret.key')
  })

  test('the watch over contacts sees one where there is one', async () => {
    const dataDir = join(root, 'configured')
    const settings = { DATA_DIR: dataDir, LISTEN: '127.0.0.1:0', LOG_LEVEL: 'silent', ...main }
    const child = await startChild({ settings, script: watched })
    await child.stop()
    expect(child.output()).toContain('CONTACT')
  })
})
