import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { runNode } from '../support/run-node.ts'

/** Says on stdout whereto every socket of the process is connected. */
const WATCH = `import net from 'node:net'
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const [to] = Array.isArray(args[0]) ? args[0] : args
  console.log('CONTACT ' + (to.host ?? to.hostname) + ':' + to.port + ' ')
  return connect.apply(this, args)
}
`
const home = mkdtempSync(join(tmpdir(), 'farebox-egress-'))
const source = join(import.meta.dirname, '../../src/main.ts')
const bin = join(import.meta.dirname, '../../bin/farebox.js')
let mint: PlayMint
let own: Upstream
let router: Upstream

beforeAll(async () => {
  writeFileSync(join(home, 'watch.mjs'), WATCH)
  mint = await startPlayMint()
  own = await startUpstream()
  router = await startUpstream()
})
afterAll(async () => {
  for (const one of [mint, own, router]) await one.close()
  rmSync(home, { recursive: true, force: true })
})

function settings(): Record<string, string> {
  return {
    FAREBOX_DATA_DIR: join(home, 'data'),
    FAREBOX_LISTEN: '127.0.0.1:0',
    FAREBOX_ADMIN_LISTEN: 'off',
    FAREBOX_MINTS: mint.url,
    FAREBOX_BTC_USD: '100000',
    FAREBOX_UPSTREAM_OWN_URL: own.url,
    FAREBOX_UPSTREAM_OWN_PRICES: 'openai',
    FAREBOX_UPSTREAM_ROUTER_URL: router.url,
    FAREBOX_UPSTREAM_ROUTER_TYPE: 'openrouter',
    FAREBOX_UPSTREAM_ROUTER_PRICES: 'openrouter',
  }
}

async function egress(env: Record<string, string>): Promise<string[]> {
  const { stdout } = await runNode([bin, 'config', 'egress', '--json'], { cwd: home, env }).ended
  const { contacts }: { contacts: { host: string }[] } = JSON.parse(stdout)
  return [...new Set(contacts.map(({ host }) => host))].toSorted()
}

test('with a fixed price of bitcoin and no price refresh a node contacts whom config egress names, and nobody else', async () => {
  const node = runNode(['--import', join(home, 'watch.mjs'), source], { cwd: home, env: settings() })
  const hosts = [mint.url, own.url, router.url].map((url) => new URL(url).host)
  await node.said('Farebox listens on ')
  for (const host of hosts) await node.said(`CONTACT ${host} `)
  node.child.kill('SIGTERM')
  const { code, stdout } = await node.ended
  expect(code).toBe(0)
  const contacted = new Set([...stdout.matchAll(/CONTACT (\S+) /g)].map(([, host = '']) => host))
  expect([...contacted].toSorted()).toEqual(hosts.toSorted())
  expect(await egress(settings())).toEqual(hosts.toSorted())

  // A mint that ecash was once taken of is asked by the next start, whatever the settings say by then.
  expect(await egress({ ...settings(), FAREBOX_MINTS: '' })).toEqual(hosts.toSorted())
  const asked = await egress({ ...settings(), FAREBOX_BTC_USD: '', FAREBOX_PRICE_REFRESH: 'on' })
  expect(asked).toEqual(expect.arrayContaining(['api.kraken.com', 'raw.githubusercontent.com']))
})
