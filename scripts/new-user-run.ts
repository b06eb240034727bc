import { strict as assert } from 'node:assert'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from '../src/app.ts'
import { reportBooks } from '../src/demo.ts'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../src/demo/index.ts'
import { installedFolder, type Folder, type RunningNode, type Settings } from './new-user/folder.ts'

/**
 * The first days of somebody who has just heard of Farebox: he installs the package in an empty folder, is told what is
 * missing, sets it, adds an upstream, sells a call, upgrades an older node, stops it in the middle of its work and starts it
 * again. His mint and his upstream are play money; the rest is what he would have. Needs a network, for npm.
 */
const root = join(import.meta.dirname, '..')
const FIXTURE = join(root, 'test/fixtures/schema-1')
const MODEL = 'gpt-4o-mini'
const KEY = 'sk-of-the-supplier'
const CALLS_AT_ONCE = 30
/** Slow enough that every stream is still running when the node is told to stop. */
const SLOW = { delayMs: 150 }

interface World {
  readonly folder: Folder
  readonly mint: PlayMint
  readonly upstream: Upstream
}

async function main(): Promise<void> {
  const mint = await startPlayMint({ feePpk: 100 })
  const upstream = await startUpstream({ key: KEY })
  const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  say('npm pack, an empty folder, npm install')
  const folder = await installedFolder(`openai@${devDependencies['openai']}`)
  const world = { folder, mint, upstream }
  try {
    await firstDay(world)
    await upgradeDay(world)
    say('Done: everything is as promised.')
  } finally {
    folder[Symbol.dispose]()
    await upstream.close()
    await mint.close()
  }
}

async function firstDay(world: World): Promise<void> {
  const { folder, mint } = world
  const places = { DATA_DIR: join(folder.path, 'data'), LISTEN: '127.0.0.1:0', ADMIN_LISTEN: '127.0.0.1:0' }
  const bare = await folder.start(places, 'npx')
  await names(bare, 'FAREBOX_MINTS')
  say('npx farebox, unconfigured: it runs, and /readyz names the next step')
  await bare.stop()

  const settings = { ...places, MINTS: mint.url, BTC_USD: '100000', MARGIN: '10%' }
  const node = await folder.start(settings)
  await names(node, 'upstream')
  await addUpstream(world, settings)
  await ready(node)
  say('settings by environment, an upstream by command, while the node runs: it is ready')

  const key = await openWallet(node, await mint.mintEcash(2000))
  const before = await balanceOf(node, key)
  const cost = await callBySdk(folder, node, key)
  assert.equal(await balanceOf(node, key), before - cost)
  say(`a call by the openai SDK: ${cost} msat, and that is what the balance lost`)

  const again = await stopUnderLoad(world, { node, key, settings })
  assert.equal((await again.stop()).code, 0)
  await booksBalance(settings)
  say('the books balance, and the mint agrees about every coin')
}

async function upgradeDay(world: World): Promise<void> {
  const { folder, mint } = world
  const dataDir = join(folder.path, 'older')
  cpSync(FIXTURE, dataDir, { recursive: true })
  const facts: unknown = JSON.parse(readFileSync(join(FIXTURE, 'facts.json'), 'utf8'))
  const { key, balanceMsat }: { key: string; balanceMsat: number } = Object(facts)['saver']
  const settings = {
    DATA_DIR: dataDir,
    LISTEN: '127.0.0.1:0',
    ADMIN_LISTEN: '127.0.0.1:0',
    MINTS: mint.url,
    BTC_USD: '100000',
    MARGIN: '10%',
  }
  const node = await folder.start(settings)
  assert.ok(
    existsSync(join(dataDir, 'farebox.db.before-2')),
    'The older database was kept beside the new one',
  )
  assert.equal(await balanceOf(node, key), balanceMsat)
  say('a node of the previous schema was upgraded, with a copy first; a key of then has its balance')

  await addUpstream(world, settings)
  const cost = await callBySdk(folder, node, key)
  assert.equal(await balanceOf(node, key), balanceMsat - cost)
  const again = await stopUnderLoad(world, { node, key, settings })
  assert.equal((await again.stop()).code, 0)
  // Its mint is gone with the test that made it, so the ledger alone is asked.
  const checks = await doctorChecks(folder, settings)
  assert.equal(checks.find(({ name }) => name === 'books')?.state, 'ok')
  say('it sold a call, was stopped under load, and its books balance')
}

async function addUpstream({ folder, upstream }: World, settings: Settings): Promise<void> {
  const keyFile = join(folder.path, 'supplier.key')
  writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 })
  await folder.run(
    [
      'npx',
      'farebox',
      'upstreams',
      'add',
      'shed',
      '--url',
      upstream.url,
      '--prices',
      'openai',
      '--key-file',
      keyFile,
    ],
    settings,
  )
}

/** @returns what it cost, in msat */
async function callBySdk(folder: Folder, node: RunningNode, key: string): Promise<number> {
  const script = `import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${node.url}/v1', apiKey: '${key}' })
const answer = await client.chat.completions.create({ model: '${MODEL}', messages: [{ role: 'user', content: 'Hello' }] })
if (!answer.choices[0].message.content) throw new Error('no answer')
console.log(answer.usage.cost.total_msats)`
  return Number(await folder.run(['node', '--input-type=module', '-e', script], {}))
}

/** SIGTERM in the middle of many streams: each comes to its end, new calls are refused, and the same key works after a restart. */
async function stopUnderLoad(
  { folder, upstream }: World,
  { node, key, settings }: { node: RunningNode; key: string; settings: Settings },
): Promise<RunningNode> {
  const before = await balanceOf(node, key)
  upstream.behave(SLOW)
  const streams = await Promise.all(Array.from({ length: CALLS_AT_ONCE }, () => startStream(node, key)))
  const stopped = node.stop()
  await until(async () => (await fetch(`${node.url}/readyz`)).status === 503)
  assert.equal((await chat(node, key, false)).status, 503, 'a new call is refused')
  const texts = await Promise.all(streams.map((rest) => rest()))
  const { code } = await stopped
  assert.equal(code, 0)
  upstream.behave(undefined)
  const whole = texts.filter((text) => text.includes('[DONE]'))
  assert.equal(whole.length, CALLS_AT_ONCE, 'every stream came to its end')
  const costs = whole.map((text) => Number(/"total_msats":(\d+)/.exec(text)?.[1]))
  const charged = costs.reduce((sum, cost) => sum + cost, 0)
  const again = await folder.start(settings)
  assert.equal(await balanceOf(again, key), before - charged)
  assert.ok((await callBySdk(folder, again, key)) > 0)
  say(
    `SIGTERM in ${CALLS_AT_ONCE} streams: all ended whole, exit code 0; after the restart the same key pays`,
  )
  return again
}

/** Resolves once its first piece is there; the result reads the rest. */
async function startStream(node: RunningNode, key: string): Promise<() => Promise<string>> {
  const response = await chat(node, key, true)
  assert.equal(response.status, 200)
  assert.ok(response.body)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = (await reader.read()).value ?? ''
  return async () => {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value
    return text
  }
}

function chat(node: RunningNode, key: string, stream: boolean): Promise<Response> {
  const body = {
    model: MODEL,
    max_tokens: 200,
    messages: [{ role: 'user', content: 'Tell me of trains, and take your time' }],
    ...(stream && { stream, stream_options: { include_usage: true } }),
  }
  return fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function openWallet(node: RunningNode, ecash: string): Promise<string> {
  const response = await fetch(`${node.url}/v1/wallet/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cashu_token: ecash }),
  })
  assert.equal(response.status, 200)
  return String(Object(await response.json())['api_key'])
}

async function balanceOf(node: RunningNode, key: string): Promise<number> {
  const response = await fetch(`${node.url}/v1/wallet/info`, { headers: { authorization: `Bearer ${key}` } })
  const { balance, reserved } = Object(await response.json())
  assert.equal(reserved, 0, 'nothing is set aside any more')
  return Number(balance)
}

async function names(node: RunningNode, step: string): Promise<void> {
  const response = await fetch(`${node.url}/readyz`)
  assert.equal(response.status, 503)
  assert.ok((await response.text()).includes(step), `/readyz names ${step}`)
}

/** The list of a new upstream's models takes a moment. */
async function ready(node: RunningNode): Promise<void> {
  let said = ''
  await until(async () => {
    const response = await fetch(`${node.url}/readyz`)
    said = await response.text()
    return response.status === 200
  }).catch(() => assert.fail(`It is not ready: ${said}`))
}

async function doctorChecks(folder: Folder, settings: Settings): Promise<{ name: string; state: string }[]> {
  const script = `farebox doctor --json > doctor.json || true`
  await folder.run(['sh', '-c', `PATH="$PWD/node_modules/.bin:$PATH"; ${script}`], settings)
  const report: unknown = JSON.parse(readFileSync(join(folder.path, 'doctor.json'), 'utf8'))
  return Object(report)['checks']
}

async function booksBalance(settings: Settings): Promise<void> {
  const { DATA_DIR: dataDir = '', MINTS = '' } = settings
  const app = await App.open({
    upstreams: [],
    dataDir,
    environment: new Map([
      ['MINTS', MINTS],
      ['BTC_USD', 'off'],
    ]),
  })
  const { text, isBalanced } = await reportBooks(app.rooms)
  await app.close()
  assert.ok(isBalanced, text)
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await isDone()) return
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  throw new Error('It did not come to that')
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`)
}

await main()
