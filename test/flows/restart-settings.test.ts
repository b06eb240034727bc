import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, jsonOf } from '../faults/support/caller.ts'
import { runChild, type Settings, startChild } from '../faults/support/child-node.ts'

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

const upstream = (member: string): string => `UPSTREAM_MAIN_${member}`
const main = { [upstream('URL')]: 'http://127.0.0.1:9/v1', [upstream('PRICES')]: 'openai' }
/** A wrong setting, and what the sentence has to say: which, and what to write. */
const wrong: readonly [what: string, settings: Settings, sentence: RegExp][] = [
  [
    'an unknown name',
    { MARGINS: '10%' },
    /^FAREBOX_MARGINS is not a setting\. Did you mean FAREBOX_MARGIN\?$/,
  ],
  [
    'an unknown name of an upstream',
    { ...main, [upstream('PRICE')]: 'openai' },
    /^FAREBOX_UPSTREAM_MAIN_PRICE is not a setting\. Did you mean FAREBOX_UPSTREAM_MAIN_PRICES\?$/,
  ],
  ['a margin without its sign', { MARGIN: '10' }, /^FAREBOX_MARGIN is 10\. .*as 10%/],
  ['a margin below zero', { MARGIN: '-1%' }, /^FAREBOX_MARGIN is -1%\. .*as 10%/],
  ['a price of bitcoin that is none', { BTC_USD: 'much' }, /^FAREBOX_BTC_USD is much\. .*as 95000/],
  ['a price of bitcoin in the wrong unit', { BTC_USD: '0.0001' }, /^FAREBOX_BTC_USD .*as 95000/],
  ['a mint that is no URL', { MINTS: 'mint.example' }, /^FAREBOX_MINTS has mint\.example.*https:\/\//],
  [
    'a listen address without a port',
    { LISTEN: 'localhost' },
    /^FAREBOX_LISTEN is localhost\. .*127\.0\.0\.1:8080/,
  ],
  ['a log level that is none', { LOG_LEVEL: 'loud' }, /^FAREBOX_LOG_LEVEL is loud\. .*debug/],
  ['a grace that is no number', { SHUTDOWN_GRACE: '2m' }, /^FAREBOX_SHUTDOWN_GRACE is 2m\. .*120/],
  [
    'an upstream without its address',
    { [upstream('PRICES')]: 'openai' },
    /^FAREBOX_UPSTREAM_MAIN_URL is missing\. Write /,
  ],
  [
    'an upstream without prices',
    { [upstream('URL')]: 'http://127.0.0.1:9/v1' },
    /^FAREBOX_UPSTREAM_MAIN_PRICES is missing\. Write /,
  ],
  [
    'an upstream with a password in its address',
    { ...main, [upstream('URL')]: 'http://a:hunter2@127.0.0.1:9/v1' },
    /^FAREBOX_UPSTREAM_MAIN_URL .*https:\/\/host\/path/,
  ],
  ['prices that nobody knows', { ...main, [upstream('PRICES')]: 'opena' }, /opena.*openai/],
  [
    'a type that does not exist',
    { ...main, [upstream('TYPE')]: 'telex' },
    /^The upstream "main" cannot be used: its type must be one of .*openai/,
  ],
  ['a root key that is too short', { SECRET_KEY: 'abcd' }, /^FAREBOX_SECRET_KEY .*64 hex digits/],
  [
    'a secret’s file that is not there',
    { SECRET_KEY_FILE: '/nowhere/key' },
    /^FAREBOX_SECRET_KEY_FILE .*\/nowhere\/key/,
  ],
]

describe.concurrent('a wrong setting stops the start with a sentence', () => {
  test.each(wrong)('%s', async (what, settings, sentence) => {
    const dataDir = join(root, what.replaceAll(/\W+/g, '-'))
    const base = { DATA_DIR: dataDir, LISTEN: '127.0.0.1:0', LOG_LEVEL: 'silent' }
    const { code, signal, output } = await runChild({ settings: { ...base, ...settings } })
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(output.trim()).toMatch(sentence)
    expect(output.trim().split('\n')).toHaveLength(1)
    expect(output).not.toContain('hunter2')
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
    for (const name of ['FAREBOX_MINTS', 'FAREBOX_UPSTREAM_MAIN_URL', 'FAREBOX_BTC_USD']) {
      expect(reasons).toContain(name)
      expect(child.output()).toContain(name)
    }
    const get = (path: string) => ask(child.baseUrl, { method: 'GET', path })
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/')).status).toBe(200)
    expect(jsonOf(await get('/v1/models'))).toMatchObject({ error: { code: 'rate_unavailable' } })
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
