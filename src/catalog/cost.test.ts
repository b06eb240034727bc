import { findProvider, type ModelPrice } from '@pydantic/genai-prices'
import { describe, expect, test } from 'vitest'
import { NO_USAGE, type Usage } from '../dialects/index.ts'
import { goodsOf, offerOf, openShop, ROUND_RATE } from './__fixtures__/shop.ts'
import { costOf, upstreamCost } from './index.ts'

/** Every kind of token at once, in odd numbers so that a mix-up of two components shows. */
const MIXED: Usage = {
  ...NO_USAGE,
  inputTokens: 1_234,
  cacheReadTokens: 777,
  cacheWriteTokens: 55,
  outputTokens: 432,
  reasoningTokens: 210,
  requests: 1,
}
const LONG: Usage = { ...MIXED, inputTokens: 150_001, cacheReadTokens: 130_000 }

/** The list's own keys for each field, and what stands in where a list has no such price. */
const KEYS: [keyof Usage, string, string][] = [
  ['inputTokens', 'input_mtok', ''],
  ['cacheReadTokens', 'cache_read_mtok', 'input_mtok'],
  ['cacheWriteTokens', 'cache_write_mtok', 'input_mtok'],
  ['outputTokens', 'output_mtok', ''],
  ['reasoningTokens', 'output_reasoning_mtok', 'output_mtok'],
]

/** A charge in msat worked out from the raw list: 1e-15 USD as the unit, one division at the end. */
function chargeFromRawList(
  prices: ModelPrice,
  usage: Usage,
  terms: { cents: bigint; marginBp: bigint },
): bigint {
  const total = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  const nanoUsd = (key: string): bigint | undefined => {
    const value = prices[key]
    if (value === undefined) return undefined
    if (typeof value === 'number') return BigInt(value.toFixed(9).replace('.', ''))
    const tier = value.tiers.filter(({ start }) => start < total).at(-1)
    return BigInt((tier?.price ?? value.base).toFixed(9).replace('.', ''))
  }
  let femtoUsd = BigInt(usage.requests) * (nanoUsd('requests_kcount') ?? 0n) * 1_000n
  for (const [field, key, standIn] of KEYS) {
    femtoUsd += BigInt(usage[field]) * (nanoUsd(key) ?? nanoUsd(standIn) ?? 0n)
  }
  const numerator = femtoUsd * (10_000n + terms.marginBp) * 10n ** 13n
  const denominator = 10n ** 15n * 10_000n * terms.cents
  return numerator / denominator + (numerator % denominator > 0n ? 1n : 0n)
}

function rawPrices(provider: string, id: string, index: number): ModelPrice {
  const prices = findProvider({ providerId: provider })?.models.find((model) => model.id === id)?.prices
  const chosen = Array.isArray(prices) ? prices[index]?.prices : prices
  if (chosen === undefined || Array.isArray(chosen))
    throw new Error(`${provider}/${id} is gone from the list`)
  return chosen
}

/** Provider, model, the moment, and which of its dated prices hold then. */
const MODELS: [string, string, string, number][] = [
  ['openai', 'gpt-4o', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-4o-mini', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-4.1', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-4.1-nano', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-3.5-turbo', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-5', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-5-mini', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-5.5', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-6-astra', '2026-11-25T20:00:00Z', 0],
  ['openai', 'gpt-6-luna', '2026-11-25T20:00:00Z', 0],
  ['openai', 'o3', '2026-11-25T20:00:00Z', 1],
  ['openai', 'o4-mini', '2026-11-25T20:00:00Z', 0],
  ['anthropic', 'claude-opus-4-6', '2026-03-12T23:59:59Z', 0],
  ['anthropic', 'claude-opus-4-6', '2026-03-13T00:00:00Z', 1],
  ['anthropic', 'claude-sonnet-4-6', '2026-01-01T12:00:00Z', 0],
  ['google', 'gemini-2.5-pro', '2026-11-25T20:00:00Z', 0],
  ['google', 'gemini-2.5-flash', '2026-11-25T20:00:00Z', 0],
  ['google', 'gemini-3.6-flash', '2026-12-31T23:59:59Z', 0],
  ['google', 'gemini-3.6-flash', '2027-01-01T00:00:00Z', 1],
  ['deepseek', 'deepseek-chat', '2026-11-25T20:00:00Z', 0],
  ['deepseek', 'deepseek-chat', '2026-11-25T02:00:00Z', 1],
  ['deepseek', 'deepseek-reasoner', '2026-11-25T00:30:00Z', 1],
  ['deepseek', 'deepseek-v4-flash', '2026-08-16T02:30:00Z', 2],
  ['deepseek', 'deepseek-v4-flash', '2026-11-25T05:00:00Z', 1],
  ['deepseek', 'deepseek-v4-pro', '2026-11-25T09:59:59Z', 3],
  ['perplexity', 'sonar', '2026-11-25T20:00:00Z', 0],
  ['x-ai', 'grok-3', '2026-11-25T20:00:00Z', 0],
  ['mistral', 'mistral-large-2512', '2026-11-25T20:00:00Z', 0],
  ['groq', 'llama-3.3-70b-versatile', '2026-11-25T20:00:00Z', 0],
]

describe('a charge equals an independent calculation from the raw list', () => {
  test.each(MODELS)('%s/%s at %s', (...[provider, model, at, index]) => {
    const rate = { centsPerBtc: 9_712_345n }
    const offer = offerOf(provider, model, { rate, now: () => Date.parse(at) })
    const prices = rawPrices(provider, model, index)
    for (const usage of [MIXED, LONG, { ...NO_USAGE, inputTokens: 1, requests: 1 }]) {
      const expected = chargeFromRawList(prices, usage, { cents: 9_712_345n, marginBp: 1000n })
      expect(costOf(offer, usage, false).msat).toBe(expected)
    }
  })

  test('tiered, cached, dated and hourly prices are all among them', () => {
    const all = MODELS.map(([provider, model, , index]) => rawPrices(provider, model, index))
    expect(new Set(MODELS.map(([, model]) => model)).size).toBeGreaterThanOrEqual(20)
    expect(all.filter((prices) => typeof prices['input_mtok'] === 'object').length).toBeGreaterThanOrEqual(5)
    expect(all.filter((prices) => prices['cache_read_mtok'] !== undefined).length).toBeGreaterThanOrEqual(15)
    expect(all.filter((prices) => prices['cache_write_mtok'] !== undefined).length).toBeGreaterThanOrEqual(3)
    expect(MODELS.filter(([, , , index]) => index > 0).length).toBeGreaterThanOrEqual(5)
  })
})

describe('a bill', () => {
  const offer = offerOf('openai', 'gpt-4o')
  const usage = { ...NO_USAGE, inputTokens: 1000, outputTokens: 500, requests: 1 }

  test('of gpt-4o comes to what a person works out', () => {
    const cost = costOf(offer, usage, false)
    // 1000 × $2.50/M + 500 × $10/M = $0.0075 = 7500 msat at $100,000, and 10 % on top.
    expect(cost).toMatchObject({ picoUsd: 7_500_000_000n, msat: 8250n, inputMsat: 2750n, outputMsat: 5500n })
    expect(cost.components).toEqual([
      { name: 'input', units: 1000, picoUsdPerUnit: 2_500_000n, picoUsd: 2_500_000_000n },
      { name: 'output', units: 500, picoUsdPerUnit: 10_000_000n, picoUsd: 5_000_000_000n },
    ])
    expect(cost.priceVersion).toMatch(/^openai\/gpt-4o#[0-9a-f]{12}$/)
  })

  test('is rounded up once, and its shares add up', () => {
    const small = costOf(offer, { ...NO_USAGE, inputTokens: 1, outputTokens: 1 }, true)
    expect([small.msat, small.inputMsat, small.outputMsat]).toEqual([14n, 3n, 11n])
    expect(small.estimated).toBe(true)
  })

  test('of nothing is nothing', () => {
    expect(costOf(offer, NO_USAGE, false)).toMatchObject({ msat: 0n, components: [] })
  })

  test.each([
    'inputTokens',
    'cacheReadTokens',
    'cacheWriteTokens',
    'inputAudioTokens',
    'cacheReadAudioTokens',
  ] as const)('is priced by the tier that all input together reaches, %s included', (field) => {
    const text = JSON.stringify({
      models: { m: { input: '1', output: '1', tiers: [{ above: 100, output: '2' }] } },
    })
    const tiered = openShop({ goods: [goodsOf('t.json', ['m'])], files: { 't.json': text } }).offerFor('m')
    const output = (units: number): bigint | undefined =>
      costOf(tiered, { ...NO_USAGE, [field]: units, outputTokens: 1 }, false).components.at(-1)?.picoUsd
    expect([output(100), output(101)]).toEqual([1_000_000n, 2_000_000n])
  })

  test('charges audio without a price at the dearest token price', () => {
    const cost = costOf(offer, { ...NO_USAGE, inputAudioTokens: 10 }, false)
    expect(cost.components[0]?.picoUsdPerUnit).toBe(10_000_000n)
  })

  test('charges audio at its own price where there is one', () => {
    const audio = offerOf('google', 'gemini-2.5-flash')
    const cost = costOf(audio, { ...NO_USAGE, inputAudioTokens: 10, cacheReadAudioTokens: 5 }, false)
    // $1/M for audio in, $0.10/M for audio read from the cache.
    expect(cost.picoUsd).toBe(10_000_000n + 500_000n)
  })

  test('charges a request where the list prices one', () => {
    const sonar = offerOf('perplexity', 'sonar', { rate: ROUND_RATE })
    expect(costOf(sonar, { ...NO_USAGE, requests: 1 }, false).msat).toBe(13_200n)
  })

  test('shows what the serving route costs the node, without margin', () => {
    expect(upstreamCost(offer.routes[0], usage)).toBe(7_500_000_000n)
  })
})
