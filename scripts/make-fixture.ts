import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../src/demo/index.ts'

/**
 * Makes test/fixtures/schema-<n>: the database of a node of an older version with money in it, as a `kill -9` left it, for
 * the test that opens it with today's code. To be run once, when a schema has been released:
 * `node scripts/make-fixture.ts <checkout of that version, with node_modules> <n>`. Its mint and its upstream have ports
 * below those that systems hand out, so that nobody answers there later.
 */
const [checkout = '', schema = ''] = process.argv.slice(2)
if (!checkout || !/^\d+$/.test(schema)) throw new Error('Write: node scripts/make-fixture.ts <checkout> <n>')
const MINT_PORT = 21_901
const UPSTREAM_PORT = 21_902
const UPSTREAM_KEY = 'sk-upstream-of-a-fixture'
/** Longer than a heartbeat, so that the record of what was delivered is on disk. */
const BEATEN_MS = 6500

interface Reply {
  readonly headers: Headers
  readonly json: Record<string, unknown>
}

const question = (more: object = {}): object => ({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Tell me of trains' }],
  max_tokens: 100,
  ...more,
})

async function startNode(dataDir: string): Promise<{ child: ChildProcess; baseUrl: string }> {
  const settings: Record<string, string> = {
    DATA_DIR: dataDir,
    LISTEN: '127.0.0.1:0',
    MINTS: `http://127.0.0.1:${MINT_PORT}`,
    BTC_USD: '100000',
    MARGIN: '10%',
    LOG_LEVEL: 'silent',
    UPSTREAM_MAIN_URL: `http://127.0.0.1:${UPSTREAM_PORT}/v1`,
    UPSTREAM_MAIN_KEY: UPSTREAM_KEY,
    UPSTREAM_MAIN_PRICES: 'openai',
  }
  const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`FAREBOX_${name}`, value]))
  const child = spawn(process.execPath, [join(resolve(checkout), 'src/main.ts')], {
    cwd: dataDir,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const chunk of child.stdout) {
    const [, baseUrl] = /Farebox listens on (\S+)/.exec(String(chunk)) ?? []
    if (baseUrl !== undefined) return { child, baseUrl }
  }
  throw new Error('the node of the old version did not start')
}

const caller =
  (baseUrl: string) =>
  async (path: string, headers: Record<string, string>, body?: object): Promise<Reply> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text}`)
    return { headers: response.headers, json: text.startsWith('{') ? JSON.parse(text) : {} }
  }

const CHAT = '/v1/chat/completions'
const msats = ({ headers }: Reply): number => Number(headers.get('x-routstr-cost-msats'))

/** A life of a node in small: wallets, calls, payments for one call, and two calls that its death cuts off. */
async function live(dataDir: string, mint: PlayMint, upstream: Upstream): Promise<object> {
  const { child, baseUrl } = await startNode(dataDir)
  const call = caller(baseUrl)
  const createWallet = async (sats: number): Promise<{ key: string; bearer: Record<string, string> }> => {
    const made = await call('/v1/wallet/create', {}, { cashu_token: await mint.mintEcash(sats) })
    const key = String(made.json['api_key'])
    return { key, bearer: { authorization: `Bearer ${key}` } }
  }
  const balanceOf = async (bearer: Record<string, string>): Promise<unknown> =>
    (await call('/v1/wallet/info', bearer)).json['balance']

  const saver = await createWallet(512)
  const keyed = { ...saver.bearer, 'idempotency-key': '"fixture-1"' }
  const answered = await call(CHAT, keyed, question())
  const now = await mint.mintEcash(100)
  const withChange = await call(CHAT, { 'x-cashu': now }, question())
  const later = await mint.mintEcash(200)
  const unclaimed = await call(CHAT, { 'x-cashu': later, 'x-cashu-change': 'later' }, question())
  const talker = await createWallet(256)
  const held = { saver: await balanceOf(saver.bearer), talker: await balanceOf(talker.bearer) }

  upstream.behave({ delayMs: 500 })
  const stream = call(CHAT, talker.bearer, question({ stream: true })).catch(() => undefined)
  await delay(BEATEN_MS)
  upstream.hold()
  const whole = call(CHAT, saver.bearer, question()).catch(() => undefined)
  await delay(500)
  child.kill('SIGKILL')
  await once(child, 'close')
  await Promise.all([stream, whole])
  return {
    madeAt: Date.now(),
    mint: mint.url,
    upstream: upstream.url,
    saver: { key: saver.key, balanceMsat: held.saver, idempotencyKey: '"fixture-1"' },
    answered: { request: question(), reply: answered.json, chargeMsat: msats(answered) },
    talker: { key: talker.key, balanceMsat: held.talker },
    oneShot: { ecash: now, change: withChange.headers.get('x-cashu'), chargeMsat: msats(withChange) },
    unclaimed: { ecash: later, paidSat: 200, chargeMsat: msats(unclaimed) },
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'farebox-fixture-'))
const target = join(import.meta.dirname, `../test/fixtures/schema-${schema}`)
const mint = await startPlayMint({ feePpk: 100, port: MINT_PORT })
const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ')
const upstream = await startUpstream({ key: UPSTREAM_KEY, port: UPSTREAM_PORT, answer: () => words })
try {
  const facts = await live(dataDir, mint, upstream)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const database = new DatabaseSync(join(dataDir, 'farebox.db'))
  database.prepare('VACUUM INTO ?').run(join(target, 'farebox.db'))
  database.close()
  const copy = new DatabaseSync(join(target, 'farebox.db'))
  // As it stands in a data directory.
  copy.exec('PRAGMA journal_mode = WAL')
  copy.close()
  copyFileSync(join(dataDir, 'secret.key'), join(target, 'secret.key'))
  writeFileSync(join(target, 'facts.json'), `${JSON.stringify(facts, undefined, 2)}\n`)
} finally {
  await upstream.close()
  await mint.close()
  rmSync(dataDir, { recursive: true, force: true })
}
