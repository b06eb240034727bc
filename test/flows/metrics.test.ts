import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { METRICS } from '../../src/http/index.ts'
import { sleep } from '../../src/lib/index.ts'
import { ask, type Door, openDoor, openPrivateDoor, type PrivateDoor } from '../support/doors.ts'
import { chargeOf, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

let node: TestNode
let open: Door
let door: PrivateDoor
let key: string
beforeAll(async () => {
  node = await startTestNode()
  door = await openPrivateDoor(node.app.rooms)
  open = await openDoor(node.app.rooms, { tally: door.tally }, door.figures)
  key = await openWallet(node, 5000)
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await door[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

interface Answer {
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number }
}

async function call(body: object = {}, headers: object = {}): Promise<string> {
  const { text } = await ask(`${open.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Tell me of trains' }],
      max_tokens: 50,
      ...body,
    }),
  })
  return text
}

const labelled = (name: string, labels: Record<string, string>): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`
const ofCall = { dialect: 'openai.chat', model: 'gpt-4o-mini' }

/** By how much a sample grows while `work` runs. */
async function growth(name: string, work: () => Promise<unknown>): Promise<number> {
  const before = (await door.samples()).get(name) ?? 0
  await work()
  return ((await door.samples()).get(name) ?? 0) - before
}

describe('the metrics of calls', () => {
  test('count a call, what it earned and what it cost, by dialect and model', async () => {
    const before = await door.samples()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the double's own answer
    const { usage } = JSON.parse(await call()) as Answer
    const after = await door.samples()
    const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const charge = chargeOf({ input: usage.prompt_tokens, output: usage.completion_tokens })
    expect(grown(labelled('farebox_calls_total', { ...ofCall, outcome: 'complete' }))).toBe(1)
    expect(grown(labelled('farebox_revenue_msat_total', ofCall))).toBe(charge)
    const cost = grown(labelled('farebox_upstream_cost_usd_total', ofCall))
    expect(cost).toBeCloseTo((usage.prompt_tokens * 0.15 + usage.completion_tokens * 0.6) / 1e6, 12)
  })

  test('count a call that failed, and its error by code', async () => {
    node.upstream.behave('status_500')
    const failed = labelled('farebox_calls_total', { ...ofCall, outcome: 'failed' })
    const error = labelled('farebox_call_errors_total', {
      dialect: 'openai.chat',
      code: 'UPSTREAM_UNAVAILABLE',
    })
    expect(await growth(failed, () => growth(error, call).then((count) => expect(count).toBe(1)))).toBe(1)
    node.upstream.behave(undefined)
  })

  test('count a stream whose upstream told no usage as estimated', async () => {
    node.upstream.behave({ usage: () => undefined })
    expect(
      await growth(labelled('farebox_calls_estimated_total', ofCall), () => call({ stream: true })),
    ).toBe(1)
    node.upstream.behave(undefined)
  })

  test('see a call while it runs, and its hold', async () => {
    node.upstream.hold()
    const running = call()
    await expect.poll(async () => (await door.samples()).get('farebox_calls_running')).toBe(1)
    const during = await door.samples()
    expect(during.get('farebox_holds_open')).toBe(1)
    expect(during.get('farebox_holds_open_msat')).toBeGreaterThan(0)
    node.upstream.release()
    await running
    const after = await door.samples()
    expect([after.get('farebox_calls_running'), after.get('farebox_holds_open')]).toEqual([0, 0])
  })

  test('have no label that a request has made up', async () => {
    const error = labelled('farebox_call_errors_total', { dialect: 'openai.chat', code: 'model_not_found' })
    const count = await growth(error, async () => {
      for (let i = 0; i < 5; i += 1) await call({ model: `made-up-${i}` })
    })
    expect(count).toBe(5)
    expect([...(await door.samples()).keys()].join('\n')).not.toContain('made-up')
  })

  test('name no caller, no key, no call and no ecash', async () => {
    const ecash = await node.mint.mintEcash(100)
    await call({}, { authorization: '', 'x-cashu': ecash })
    const text = [...(await door.samples()).keys()].join('\n')
    expect(text).toContain('farebox_calls_total')
    for (const word of [key, key.slice(3), 'cashu', 'call_0', 'wallet', 'sk-']) {
      expect(text.replaceAll(node.mint.url, '')).not.toContain(word)
    }
  })
})

describe('the metrics of the house', () => {
  test('tell what is owed and what is held', async () => {
    const samples = await door.samples()
    const held = samples.get(labelled('farebox_holdings_msat', { mint: node.mint.url }))
    expect(held).toBeGreaterThan(4_000_000)
    expect(samples.get('farebox_liabilities_msat')).toBeGreaterThan(4_000_000)
    expect(Number(held)).toBeGreaterThanOrEqual(Number(samples.get('farebox_liabilities_msat')))
  })

  test('tell of a mint and an upstream that do not answer', async () => {
    const mint = labelled('farebox_mint_up', { mint: node.mint.url })
    const upstream = labelled('farebox_upstream_up', { upstream: 'main' })
    const good = await door.samples()
    expect([good.get(mint), good.get(upstream)]).toEqual([1, 1])
    await node.mint.goDown()
    await ask(`${open.url}/v1/wallet/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cashu_token: await node.mint.mintEcash(8) }),
    })
    expect((await door.samples()).get(mint)).toBe(0)
    await node.mint.comeBack()
  })

  test('count commits, and the works that shared them', async () => {
    const before = await door.samples()
    await Promise.all(Array.from({ length: 8 }, () => call()))
    const after = await door.samples()
    const grown = (name: string): number => Number(after.get(name)) - Number(before.get(name))
    expect(grown('farebox_commit_works_total')).toBeGreaterThanOrEqual(16)
    expect(grown('farebox_commits_total')).toBeLessThan(grown('farebox_commit_works_total'))
    expect(after.get('farebox_commit_queue')).toBe(0)
  })

  test('see the event loop stand still, and count connections', async () => {
    await door.samples()
    // The first sample after a reading only sets the mark.
    await sleep(100)
    const until = performance.now() + 150
    while (performance.now() < until);
    const stalled = await door.samples()
    expect(stalled.get('nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.05)
    expect(stalled.get('process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(stalled.get('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(stalled.get('farebox_ready')).toBe(1)
  })
})

describe('the list of metrics', () => {
  test('is what /metrics shows: names, types and words', async () => {
    const { text, headers } = await ask(`${door.url}/metrics`)
    expect(headers['content-type']).toContain('text/plain; version=0.0.4')
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({ name, type }))
    expect(shown).toEqual(METRICS.map(({ name, type }) => ({ name, type })))
    for (const { name, help } of METRICS) expect(text).toContain(`# HELP ${name} ${help}`)
  })

  test('ends the names of counters, and only those, with _total, and says what each label is', () => {
    for (const { name, type, labels } of METRICS) {
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
      for (const label of labels)
        expect(['dialect', 'model', 'outcome', 'code', 'mint', 'upstream', 'version', 'node']).toContain(
          label,
        )
    }
  })
})
