import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelPrice } from '@pydantic/genai-prices'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { balanceOf } from '../../src/ledger/index.ts'
import { sql, tablesOf } from '../../src/storage/index.ts'
import { bearer } from '../support/money-claims.ts'
import { eventsOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { type Bill, billOf, rawPrices, type Units } from '../support/raw-bill.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

/** A morning on which DeepSeek's prices of the day hold. */
const NOW = Date.parse('2026-11-25T02:00:00Z')
/** An odd one, so that nothing comes out even. */
const CENTS_PER_BTC = 9_712_345n
const NODE_MARGIN_BP = 1000
const UPSTREAM_KEY = 'sk-of-the-operator'

/** Margins differ, so that one shop's at another's price shows. */
const MARGINS: Readonly<Record<string, number | undefined>> = {
  openai: undefined,
  google: 733,
  anthropic: 0,
  deepseek: 2500,
  mistral: 1,
  'x-ai': 10_000,
  perplexity: 550,
  groq: 999,
  cohere: 1250,
  own: 1725,
}

/** Prices of a file of the operator's, as the list would write them: the list has no model for sale that prices reasoning. */
const OWN: ModelPrice = {
  input_mtok: { base: 1.5, tiers: [{ start: 1000, price: 2.25 }] },
  cache_read_mtok: 0.15,
  cache_write_mtok: 1.875,
  output_mtok: { base: 6, tiers: [{ start: 1000, price: 7.5 }] },
  output_reasoning_mtok: 4.5,
  requests_kcount: 2,
}
const OWN_FILE = {
  models: {
    'house-thinker': {
      input: '1.5',
      cacheRead: '0.15',
      cacheWrite: '1.875',
      output: '6',
      reasoning: '4.5',
      request: '0.002',
      tiers: [{ above: 1000, input: '2.25', output: '7.5' }],
    },
  },
}

const NOTHING = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0, audioIn: 0, audioOut: 0 }
/** Every kind at once, in odd numbers so that a mix-up of two shows. */
const MIXED = { ...NOTHING, input: 1234, cacheRead: 777, cacheWrite: 55, output: 432, reasoning: 210 }
const LEAST = { ...NOTHING, input: 1, output: 1 }
const SPOKEN = { ...MIXED, audioIn: 67, audioOut: 41 }

interface Row {
  /** A provider of the list. */
  readonly shop: string
  readonly model: string
  /** Which of its dated prices hold at `NOW`. */
  readonly dated: number
  /** The input above which its tier begins. */
  readonly tier: number
}

type Short = readonly [shop: string, model: string, dated: number, tier?: number]
const rowOf = ([shop, model, dated, tier = 0]: Short): Row => ({ shop, model, dated, tier })

const CHATS = (
  [
    ['openai', 'gpt-4o', 0],
    ['openai', 'gpt-4o-mini', 0],
    ['openai', 'gpt-4.1', 0],
    ['openai', 'gpt-5', 0],
    ['openai', 'gpt-5.5', 0, 271_999],
    ['openai', 'gpt-5.6-luna', 1, 271_999],
    ['openai', 'gpt-6-astra', 0, 271_999],
    ['openai', 'o3', 1],
    ['openai', 'o4-mini', 0],
    ['openai', 'gpt-audio', 0],
    ['google', 'gemini-2.5-pro', 0, 200_000],
    ['google', 'gemini-2.5-flash', 0],
    ['google', 'gemini-3.1-pro-preview', 0, 200_000],
    ['anthropic', 'claude-opus-4-6', 1],
    ['anthropic', 'claude-sonnet-4-5', 0, 200_000],
    ['anthropic', 'claude-haiku-4-5', 0],
    ['deepseek', 'deepseek-chat', 1],
    ['deepseek', 'deepseek-reasoner', 1],
    ['mistral', 'mistral-large-2512', 0],
    ['x-ai', 'grok-3', 0],
    ['x-ai', 'grok-4.5', 0, 199_999],
    ['perplexity', 'sonar', 0],
    ['perplexity', 'sonar-pro', 0],
    ['groq', 'llama-3.3-70b-versatile', 0],
    ['own', 'house-thinker', 0, 1000],
  ] satisfies Short[]
).map(rowOf)
const EMBEDDINGS = (
  [
    ['openai', 'text-embedding-3-small', 0],
    ['openai', 'text-embedding-3-large', 0],
    ['mistral', 'mistral-embed', 0],
    ['google', 'gemini-embedding-2', 0],
    ['cohere', 'embed-v4.0', 0],
  ] satisfies Short[]
).map(rowOf)
const TIERED = CHATS.filter(({ tier }) => tier > 0)

const pricesOf = ({ shop, model, dated }: Row): ModelPrice =>
  shop === 'own' ? OWN : rawPrices(shop, model, dated)

function owedFor(row: Row, units: Units): Bill {
  const marginBp = MARGINS[row.shop] ?? NODE_MARGIN_BP
  return billOf(pricesOf(row), units, { marginBp, centsPerBtc: CENTS_PER_BTC })
}

/** The `usage` that the upstream reports. xAI counts reasoning beside the completion, the others in it. */
function reportOf({ shop, model }: Row, units: Units): object {
  const prompt = units.input + units.cacheRead + units.cacheWrite + units.audioIn
  if (isEmbedding(model)) return { prompt_tokens: prompt, total_tokens: prompt }
  const output = units.output + units.audioOut
  return {
    prompt_tokens: prompt,
    completion_tokens: shop === 'x-ai' ? output : output + units.reasoning,
    total_tokens: prompt + output + units.reasoning,
    prompt_tokens_details: {
      cached_tokens: units.cacheRead,
      cache_write_tokens: units.cacheWrite,
      audio_tokens: units.audioIn,
    },
    completion_tokens_details: { reasoning_tokens: units.reasoning, audio_tokens: units.audioOut },
  }
}

const isEmbedding = (model: string): boolean => EMBEDDINGS.some((row) => row.model === model)
const reports = new Map<string, object>()
const charged: bigint[] = []
const doubles: Upstream[] = []
const dir = mkdtempSync(join(tmpdir(), 'farebox-prices-'))
let node: TestNode
let key: string

beforeAll(async () => {
  const ownFile = join(dir, 'own.json')
  writeFileSync(ownFile, JSON.stringify(OWN_FILE))
  const shops = Object.entries(MARGINS).map(async ([shop, marginBp], order) => {
    const models = [...CHATS, ...EMBEDDINGS].filter((row) => row.shop === shop).map(({ model }) => model)
    const double = await startUpstream({
      key: UPSTREAM_KEY,
      models,
      behave: ({ body }) => ({ usage: () => reports.get(JSON.parse(body).model) }),
    })
    doubles.push(double)
    const prices = shop === 'own' ? ownFile : shop
    return { id: shop, type: 'openai', url: double.url, key: UPSTREAM_KEY, prices, marginBp, order }
  })
  const app = {
    upstreams: await Promise.all(shops),
    marginBp: NODE_MARGIN_BP,
    btcUsd: { centsPerBtc: CENTS_PER_BTC },
    clock: { now: () => NOW },
  }
  node = await startTestNode({ app })
  key = await openWallet(node, 1_000_000)
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await Promise.all(doubles.map((double) => double.close()))
  rmSync(dir, { recursive: true, force: true })
})

/** By key, or by one-shot ecash, whose reply waits for its cost even where it is a stream. */
type Way = 'whole' | 'stream' | 'whole, one-shot' | 'stream, one-shot'

/** Makes a call at the front door and looks at every place where its cost is shown or kept. Gives what the body says. */
async function costOf(row: Row, units: Units, way: Way): Promise<bigint> {
  const [stream, oneShot] = [way.startsWith('stream'), way.endsWith('one-shot')]
  const { shop, model } = row
  reports.set(model, reportOf(row, units))
  const bill = owedFor(row, units)
  charged.push(bill.total)
  const path = isEmbedding(model) ? '/v1/embeddings' : '/v1/chat/completions'
  // A reading is cut down to what the call can have used; a byte is at most a token.
  const prompt = 'x'.repeat(units.input + units.cacheRead + units.cacheWrite + units.audioIn)
  const asked = isEmbedding(model)
    ? { model, input: prompt }
    : { model, messages: [{ role: 'user', content: prompt }], max_tokens: 1000 }
  const streamed = stream ? { stream, stream_options: { include_usage: true } } : {}
  const paidBy: Record<string, string> = oneShot
    ? { 'x-cashu': await node.mint.mintEcash(3000) }
    : bearer(key)
  const response = await fetch(`${node.baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...paidBy },
    body: JSON.stringify({ ...asked, ...streamed }),
  })
  const text = await response.text()
  expect({ status: response.status, text }).toMatchObject({ status: 200 })
  if (!stream || oneShot) expectHeaders(response.headers, bill)
  const body = stream ? eventsOf(text).findLast((event) => event !== '[DONE]') : JSON.parse(text)
  expect(body).toMatchObject({ usage: costInBody(bill) })
  await expectBooks(String(response.headers.get('x-request-id')), { bill, units, shop })
  return BigInt(body.usage.cost.total_msats)
}

function usdOf({ total }: Bill): number {
  return Number(total * CENTS_PER_BTC) / 1e13
}

function expectHeaders(headers: Headers, bill: Bill): void {
  const shown = ['cost', 'input-cost', 'output-cost'].map((name) => headers.get(`x-routstr-${name}-msats`))
  expect(shown).toEqual([bill.total, bill.input, bill.total - bill.input].map(String))
  expect(Number(headers.get('x-routstr-cost-usd'))).toBeCloseTo(usdOf(bill), 11)
  expect(headers.get('x-farebox-estimated')).toBeNull()
}

function costInBody(bill: Bill): object {
  return {
    cost: {
      total_msats: Number(bill.total),
      input_msats: Number(bill.input),
      output_msats: Number(bill.total - bill.input),
      total_usd: expect.closeTo(usdOf(bill), 11),
    },
    cost_sats: Number(bill.total) / 1000,
  }
}

/** The hold, its two entries, and the usage record in its row. */
async function expectBooks(
  callId: string,
  { bill, units, shop }: { bill: Bill; units: Units; shop: string },
): Promise<void> {
  const { rows } = await node.app.rooms.storage.read((tx) =>
    sql<{ state: string; charge: bigint; record: string; code: string; amount: bigint }>`
      SELECT hold.state, hold.charge_msat AS charge, hold.usage_json AS record, account.code, entry.amount_msat AS amount
      FROM hold JOIN entry ON entry.hold_id = hold.id JOIN account ON account.id = entry.account_id
      WHERE hold.call_id = ${callId} ORDER BY entry.amount_msat`.execute(tablesOf(tx)),
  )
  const kept = { state: 'settled', charge: bill.total }
  expect(rows).toMatchObject([
    { ...kept, code: expect.stringMatching(/^(wallet|payment):/), amount: -bill.total },
    { ...kept, code: 'income:usage', amount: bill.total },
  ])
  const used = {
    inputTokens: units.input + units.audioIn,
    cacheReadTokens: units.cacheRead,
    cacheWriteTokens: units.cacheWrite,
    outputTokens: units.output + units.audioOut,
    reasoningTokens: units.reasoning,
    requests: 1,
  }
  const record: unknown = JSON.parse(rows[0]?.record ?? '')
  expect(record).toMatchObject({
    ending: 'complete',
    upstream: shop,
    usage: Object.fromEntries(Object.entries(used).filter(([, count]) => count > 0)),
    pico_usd: String(bill.picoUsd),
    upstream_pico_usd: String(bill.picoUsd),
    charge_msat: String(bill.total),
  })
  expect(record).not.toHaveProperty('estimated')
}

describe('a call costs what an independent calculation from the raw list says, in header, body, record and ledger', () => {
  test.each(CHATS)('$shop/$model, whole and streamed', async (row) => {
    expect(await costOf(row, MIXED, 'whole')).toBe(owedFor(row, MIXED).total)
    expect(await costOf(row, LEAST, 'whole')).toBe(owedFor(row, LEAST).total)
    expect(await costOf(row, MIXED, 'stream')).toBe(owedFor(row, MIXED).total)
    expect(await costOf(row, MIXED, 'stream, one-shot')).toBe(owedFor(row, MIXED).total)
  })

  test.each(TIERED)('$shop/$model to the token at which its tier above $tier begins', async (row) => {
    const below = row.tier - MIXED.cacheRead - MIXED.cacheWrite
    const withInput = (input: number): Units => ({ ...MIXED, input })
    expect(await costOf(row, withInput(below), 'whole')).toBe(owedFor(row, withInput(below)).total)
    expect(await costOf(row, withInput(below + 1), 'stream')).toBe(owedFor(row, withInput(below + 1)).total)
    const [last, first, second] = [below, below + 1, below + 2].map(
      (input) => owedFor(row, withInput(input)).total,
    )
    // The token that begins the tier changes the price of all that came before it.
    expect((first ?? 0n) - (last ?? 0n)).toBeGreaterThan(50n * ((second ?? 0n) - (first ?? 0n)))
  })

  test.each(EMBEDDINGS)('$shop/$model, embedded', async (row) => {
    const units = { ...NOTHING, input: 1237 }
    expect(await costOf(row, units, 'whole')).toBe(owedFor(row, units).total)
    expect(await costOf(row, units, 'whole, one-shot')).toBe(owedFor(row, units).total)
  })

  test.each(CHATS.filter(({ model }) => /audio|flash/.test(model)))(
    '$shop/$model, told of audio in a call that had none, which is text at the price of text',
    async (row) => {
      expect(await costOf(row, SPOKEN, 'whole')).toBe(owedFor(row, SPOKEN).total)
      expect(await costOf(row, SPOKEN, 'stream')).toBe(owedFor(row, SPOKEN).total)
    },
  )

  test('and what all of them cost is what the node has earned', async () => {
    const { revenue, storage } = node.app.rooms
    const earned = await storage.read((tx) => balanceOf(tx, revenue))
    expect(earned.posted).toBe(charged.reduce((sum, msat) => sum + msat, 0n))
    await expectBalancedBooks(node)
  })
})

test('twenty models and more are among them: cached, tiered, dated, with a price of a request, embeddings', () => {
  const all = [...CHATS, ...EMBEDDINGS]
  const having = (name: string): number => all.filter((row) => pricesOf(row)[name] !== undefined).length
  expect(new Set(all.map(({ model }) => model)).size).toBeGreaterThanOrEqual(30)
  expect(having('cache_read_mtok')).toBeGreaterThanOrEqual(15)
  expect(having('cache_write_mtok')).toBeGreaterThanOrEqual(5)
  expect(having('requests_kcount')).toBeGreaterThanOrEqual(2)
  expect(TIERED.length).toBeGreaterThanOrEqual(6)
  expect(all.filter(({ dated }) => dated > 0).length).toBeGreaterThanOrEqual(4)
})
