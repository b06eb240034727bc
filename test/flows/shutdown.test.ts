import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { trialBalance } from '../../src/ledger/index.ts'
import { Storage } from '../../src/storage/index.ts'
import { ask, errorIn } from '../support/doors.ts'
import { chargeOf, eventsOf } from '../support/paid-calls.ts'
import { type Running, runNode } from '../support/run-node.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const STREAMS = 100
const WORDS = 40

let mint: PlayMint
let upstream: Upstream
beforeAll(async () => {
  mint = await startPlayMint()
  upstream = await startUpstream({ answer: () => Array.from({ length: WORDS }, () => 'word').join(' ') })
})
afterAll(async () => {
  await upstream.close()
  await mint.close()
})

interface LiveNode extends AsyncDisposable {
  readonly baseUrl: string
  readonly dataDir: string
  readonly running: Running
}

/** The real process, as an operator runs it. */
async function start(dataDir: string, graceS: number): Promise<LiveNode> {
  const running = runNode([MAIN], {
    cwd: dataDir,
    env: {
      FAREBOX_DATA_DIR: join(dataDir, 'data'),
      FAREBOX_LISTEN: '127.0.0.1:0',
      FAREBOX_ADMIN_LISTEN: '127.0.0.1:0',
      FAREBOX_MINTS: mint.url,
      FAREBOX_BTC_USD: '100000',
      FAREBOX_MARGIN: '10%',
      FAREBOX_UPSTREAM_MAIN_URL: upstream.url,
      FAREBOX_UPSTREAM_MAIN_PRICES: 'openai',
      FAREBOX_SHUTDOWN_GRACE: String(graceS),
    },
    timeoutMs: 60_000,
  })
  const said = await running.said('Farebox listens on ')
  const baseUrl = /Farebox listens on (\S+)/.exec(said)?.[1] ?? ''
  return {
    baseUrl,
    dataDir,
    running,
    [Symbol.asyncDispose]: async () => {
      running.child.kill('SIGKILL')
      await running.ended
    },
  }
}

async function openKey(node: LiveNode, sats: number): Promise<string> {
  const { text } = await ask(`${node.baseUrl}/v1/wallet/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cashu_token: await mint.mintEcash(sats) }),
  })
  const { api_key: key }: { api_key: string } = JSON.parse(text)
  return key
}

async function balance(node: LiveNode, key: string): Promise<{ balance: number; reserved: number }> {
  const { text } = await ask(`${node.baseUrl}/v1/wallet/info`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return JSON.parse(text)
}

interface Stream {
  /** Resolves with the first piece. */
  readonly begun: Promise<unknown>
  /** All of it, or what came before it broke off. */
  readonly text: Promise<{ text: string; isWhole: boolean }>
}

const question = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Tell me of trains' }],
  max_tokens: 50,
  stream: true,
  stream_options: { include_usage: true },
})

function stream(node: LiveNode, key: string): Stream {
  const sent = request(`${node.baseUrl}/v1/chat/completions`, {
    agent: false,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const begun = Promise.withResolvers<void>()
  const text = once(sent, 'response').then(async ([reply]: IncomingMessage[]) => {
    let all = ''
    if (!reply) throw new Error('no reply')
    reply.setEncoding('utf8').on('data', (piece: string) => {
      all += piece
      begun.resolve()
    })
    await new Promise<void>((resolve) => reply.once('close', resolve).on('error', () => undefined))
    return { text: all, isWhole: reply.complete }
  })
  sent.end(question)
  return { begun: begun.promise, text }
}

/** What a finished stream says it used, and what it says it cost. */
function billOf(text: string): { charge: number; costMsat: number; end: unknown } {
  const events = eventsOf(text)
  const usage = events
    .map((event) => Object(event)['usage'])
    .find((found) => Object(found)['prompt_tokens'] > 0)
  const { prompt_tokens: input, completion_tokens: output, cost } = Object(usage)
  return {
    charge: chargeOf({ input: Number(input), output: Number(output) }),
    costMsat: Number(Object(cost)['total_msats']),
    end: events.at(-1),
  }
}

/** Where the private listener of a running node is. */
function privateUrl({ dataDir }: LiveNode): string {
  const { url }: { url: string } = JSON.parse(readFileSync(join(dataDir, 'data/control.json'), 'utf8'))
  return url
}

/** The books of a node that has ended. */
async function booksOf({ dataDir }: LiveNode): Promise<unknown> {
  await using storage = Storage.open(join(dataDir, 'data'))
  return await storage.read(trialBalance)
}

const BALANCED = { sum: 0n, wrongAccounts: [], wrongHolds: 0, openHolds: 0 }

function withFolder(): { dataDir: string } & Disposable {
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-shutdown-'))
  return { dataDir, [Symbol.dispose]: () => rmSync(dataDir, { recursive: true, force: true }) }
}

describe('SIGTERM', () => {
  test(`with ${STREAMS} live streams ends when all of them have, and takes what each used`, async () => {
    using folder = withFolder()
    await using node = await start(folder.dataDir, 60)
    const keys = await Promise.all(Array.from({ length: 4 }, () => openKey(node, 2000)))
    const before = await Promise.all(keys.map((key) => balance(node, key)))
    upstream.behave({ delayMs: 60 })
    const streams = Array.from({ length: STREAMS }, (_, i) => stream(node, keys[i % keys.length] ?? ''))
    await Promise.all(streams.map(({ begun }) => begun))

    node.running.child.kill('SIGTERM')
    await expect.poll(() => ask(`${node.baseUrl}/readyz`).then(({ status }) => status)).toBe(503)
    const ready = await ask(`${node.baseUrl}/readyz`)
    expect(JSON.parse(ready.text)).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('shutting down')],
    })
    expect((await ask(`${node.baseUrl}/healthz`)).status).toBe(200)
    const operators = privateUrl(node)
    expect((await ask(`${operators}/healthz`)).status).toBe(200)
    expect((await ask(`${operators}/readyz`)).status).toBe(503)
    expect((await ask(`${operators}/metrics`)).text).toMatch(/^farebox_ready 0$/m)
    const refused = await ask(`${node.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[0]}`, 'content-type': 'application/json' },
      body: question,
    })
    expect([refused.status, errorIn(refused)['code']]).toEqual([503, 'shutting_down'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)

    const texts = await Promise.all(streams.map((each) => each.text))
    const bills = texts.map(({ text }) => billOf(text))
    expect(texts.filter(({ isWhole }) => !isWhole)).toEqual([])
    expect(bills.filter(({ end, charge, costMsat }) => end !== '[DONE]' || charge !== costMsat)).toEqual([])
    expect(await node.running.ended).toMatchObject({ code: 0, stderr: '' })
    expect(await booksOf(node)).toMatchObject(BALANCED)

    upstream.behave(undefined)
    await using again = await start(folder.dataDir, 1)
    const after = await Promise.all(keys.map((key) => balance(again, key)))
    const spent = before.reduce((sum, had, i) => sum + had.balance - (after[i]?.balance ?? 0), 0)
    expect(spent).toBe(bills.reduce((sum, { charge }) => sum + charge, 0))
    expect(after.map(({ reserved }) => reserved)).toEqual([0, 0, 0, 0])
  })

  test('cuts streams that outlast the grace, charges what was delivered, and still ends well', async () => {
    using folder = withFolder()
    await using node = await start(folder.dataDir, 1)
    const key = await openKey(node, 2000)
    const before = await balance(node, key)
    upstream.behave({ delayMs: 150 })
    const streams = Array.from({ length: 10 }, () => stream(node, key))
    await Promise.all(streams.map(({ begun }) => begun))
    node.running.child.kill('SIGTERM')
    const texts = await Promise.all(streams.map((each) => each.text))
    expect(await node.running.ended).toMatchObject({ code: 0, stderr: '' })
    upstream.behave(undefined)

    await using again = await start(folder.dataDir, 1)
    const after = await balance(again, key)
    const whole = chargeOf({ input: 10, output: WORDS }) * streams.length
    expect(before.balance - after.balance).toBeGreaterThan(0)
    expect(before.balance - after.balance).toBeLessThan(whole)
    expect(after.reserved).toBe(0)
    for (const { text } of texts) expect(eventsOf(text).at(-1)).not.toBe('[DONE]')
    again.running.child.kill('SIGTERM')
    expect(await again.running.ended).toMatchObject({ code: 0 })
    expect(await booksOf(again)).toMatchObject(BALANCED)
  })

  test.each([['SIGINT', 'SIGINT'] as const, ['SIGINT', 'SIGTERM'] as const])(
    'that comes twice for one Ctrl-C (%s, then %s) cuts no stream; asked again later the node cuts them and settles',
    async (first, second) => {
      using folder = withFolder()
      await using node = await start(folder.dataDir, 60)
      const key = await openKey(node, 2000)
      upstream.behave({ delayMs: 40 })
      const streams = [stream(node, key), stream(node, key)]
      await Promise.all(streams.map(({ begun }) => begun))
      node.running.child.kill(first)
      await node.running.said('"stopping"')
      node.running.child.kill(second)
      const texts = await Promise.all(streams.map((each) => each.text))
      expect(texts.filter(({ isWhole }) => !isWhole)).toEqual([])
      expect(await node.running.ended).toMatchObject({ code: 0, stderr: '' })

      await using again = await start(folder.dataDir, 60)
      upstream.behave({ delayMs: 400 })
      const slow = stream(again, key)
      await slow.begun
      again.running.child.kill(first)
      await new Promise((resolve) => {
        setTimeout(resolve, 1100)
      })
      const asked = performance.now()
      again.running.child.kill(second)
      expect(await again.running.ended).toMatchObject({ code: 0, stderr: '' })
      expect(performance.now() - asked).toBeLessThan(5000)
      expect(eventsOf((await slow.text).text).at(-1)).not.toBe('[DONE]')
      upstream.behave(undefined)
      expect(await booksOf(again)).toMatchObject(BALANCED)
    },
  )

  test('without a call running ends at once, with kept connections open', async () => {
    using folder = withFolder()
    await using node = await start(folder.dataDir, 60)
    const reply = await fetch(`${node.baseUrl}/healthz`)
    await reply.text()
    const begun = performance.now()
    node.running.child.kill('SIGTERM')
    expect(await node.running.ended).toMatchObject({ code: 0, stderr: '' })
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
