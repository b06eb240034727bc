import { describe, expect, test } from 'vitest'
import { AUTUMN, goodsOf, offerOf, openShop, ROUND_RATE } from './__fixtures__/shop.ts'
import type { Goods } from './goods.ts'
import { Catalog, openPriceLists, upstreamCost } from './index.ts'

function file(models: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ models })
}

/** Upstreams that sell `m`, each at its own prices. */
function rivals(...prices: (Readonly<Record<string, unknown>> & { margin?: string })[]): string[] {
  const files = Object.fromEntries(prices.map((price, index) => [`${index}.json`, file({ m: price })]))
  const goods = prices.map((_, index) =>
    goodsOf(`${index}.json`, ['m'], { upstreamId: `u${index}`, order: index, marginBp: 1000 }),
  )
  return openShop({ goods, files })
    .offerFor('m')
    .routes.map((route) => route.upstreamId)
}

describe('of several upstreams with one model', () => {
  test('the cheapest sells it, and the listed order decides between equals', () => {
    expect(rivals({ input: '3', output: '9' }, { input: '2', output: '9' })[0]).toBe('u1')
    expect(rivals({ input: '2', output: '9' }, { input: '2', output: '9' })).toEqual(['u0', 'u1'])
    expect(rivals({ input: '2', output: '9', margin: '50%' }, { input: '2.1', output: '9' })[0]).toBe('u1')
  })

  test('input weighs three times as much as output', () => {
    expect(rivals({ input: '2', output: '2' }, { input: '1', output: '4' })[0]).toBe('u1')
  })

  test('one that has no price for answers does not sell them', () => {
    expect(rivals({ input: '1' }, { input: '1', output: '1' })).toEqual(['u1'])
  })

  test('one that costs more than the sale price is no failover, one within the margin is', () => {
    expect(rivals({ input: '1', output: '1' }, { input: '1.1', output: '1.1' })).toEqual(['u0', 'u1'])
    expect(rivals({ input: '1', output: '1' }, { input: '1.11', output: '1' })).toEqual(['u0'])
    expect(rivals({ input: '1', output: '1' }, { input: '1', output: '1.11' })).toEqual(['u0'])
  })

  test('every component and every tier must be covered', () => {
    const base = { input: '1', output: '1' }
    expect(rivals(base, { ...base, request: '0.001' })).toEqual(['u0'])
    expect(rivals({ ...base, cacheRead: '0.1' }, { ...base })).toEqual(['u0'])
    expect(rivals(base, { ...base, cacheWrite: '1.25' })).toEqual(['u0'])
    expect(rivals(base, { ...base, reasoning: '2' })).toEqual(['u0'])
    expect(rivals(base, { ...base, tiers: [{ above: 1000, output: '2' }] })).toEqual(['u0'])
    expect(rivals({ ...base, tiers: [{ above: 1000, input: '2' }] }, { input: '1', output: '1.05' })).toEqual(
      ['u0', 'u1'],
    )
  })

  test('a route that serves instead of the first keeps its own cost for the books', () => {
    const goods = [goodsOf('a.json', ['m']), goodsOf('b.json', ['m'], { order: 1 })]
    const files = {
      'a.json': file({ m: { input: '1', output: '1' } }),
      'b.json': file({ m: { input: '1.05', output: '1' } }),
    }
    const [first, second] = openShop({ goods, files }).offerFor('m').routes
    const usage = { ...NOTHING, inputTokens: 100 }
    expect([first, second].map((route) => route && upstreamCost(route, usage))).toEqual([
      100_000_000n,
      105_000_000n,
    ])
  })
})

const NOTHING = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  inputAudioTokens: 0,
  cacheReadAudioTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
  webSearches: 0,
  requests: 0,
}

describe('what is for sale', () => {
  test('is what an upstream lists and the price list prices', () => {
    const shop = openShop({
      goods: [
        goodsOf('openai', ['gpt-4o-2024-11-20', 'gpt-4o', 'my-own-finetune', 'whisper-1', 'gpt-image-1']),
      ],
    })
    expect(shop.list().map((offer) => offer.model)).toEqual(['gpt-4o', 'gpt-4o-2024-11-20'])
    expect(() => shop.offerFor('my-own-finetune')).toThrow(
      expect.objectContaining({ code: 'model_not_found' }),
    )
  })

  test('a free model is sold only where the list says 0', () => {
    const files = { 'f.json': file({ free: { input: '0', output: 0 } }) }
    const shop = openShop({
      goods: [goodsOf('f.json', ['free', 'unpriced']), goodsOf('openrouter', ['deepseek/deepseek-r1:free'])],
      files,
    })
    expect(shop.list().map((offer) => offer.model)).toEqual(['free'])
  })

  test('an unknown model is answered with those that look like it', () => {
    const shop = openShop({ goods: [goodsOf('openai', ['gpt-4o', 'gpt-4o-mini', 'o3'])] })
    expect(() => shop.offerFor('gpt4o-mini')).toThrow(/no model 'gpt4o-mini' here\. Did you mean gpt-4o-mini/)
    expect(() => shop.offerFor('')).toThrow(/GET \/v1\/models/)
    expect(() => shop.offerFor('x'.repeat(1e6))).toThrow(/^.{0,250}$/)
    expect(() => shop.offerFor('__proto__')).toThrow(expect.objectContaining({ code: 'model_not_found' }))
  })

  test('an upstream that cannot list sells what its price file names', () => {
    const files = { './p.json': file({ demo: { input: '0.15', output: '0.6' } }) }
    expect(openShop({ goods: [goodsOf('./p.json', [])], files }).list()).toHaveLength(1)
    expect(openShop({ goods: [goodsOf('openai', [])] }).list()).toHaveLength(0)
  })

  test('the output limit is the known one, else the upstream’s, else a careful default', () => {
    const limit = (prices: string, model: string, listed: object = {}): number =>
      openShop({
        goods: [{ ...goodsOf(prices, []), models: [{ id: model, ...listed }] }],
        files: FILES,
      }).offerFor(model).routes[0].terms.outputLimit
    const FILES = {
      'f.json': file({ a: { input: 1, output: 1 }, b: { input: 1, output: 1, context: 9000 } }),
    }
    expect(limit('openai', 'gpt-4o', { outputLimit: 5 })).toBe(16_384)
    expect(limit('openai', 'o3')).toBe(100_000)
    expect(limit('openrouter', 'openai/gpt-4.1')).toBe(32_768)
    expect(limit('f.json', 'a', { outputLimit: 5 })).toBe(5)
    expect(limit('f.json', 'a')).toBe(4096)
    expect(limit('f.json', 'a', { contextLength: 100_000 })).toBe(16_384)
    expect(limit('f.json', 'b')).toBe(9000)
    expect(limit('openai', 'text-embedding-3-small')).toBe(0)
  })
})

describe('offers', () => {
  test('stay the same until goods, rate or a dated price change', () => {
    let goods: readonly Goods[] = [goodsOf('openai', ['gpt-4o'])]
    let rate = ROUND_RATE
    const shop = new Catalog({
      goods: () => goods,
      rate: () => rate,
      clock: { now: () => AUTUMN },
      priceLists: openPriceLists({ readFile: () => '' }),
    })
    const first = shop.offerFor('gpt-4o')
    rate = { ...ROUND_RATE }
    expect(shop.offerFor('gpt-4o')).toBe(first)
    rate = { centsPerBtc: 9_000_000n }
    const second = shop.offerFor('gpt-4o')
    expect([first.rate.centsPerBtc, second.rate.centsPerBtc]).toEqual([10_000_000n, 9_000_000n])
    goods = [goodsOf('openai', ['o3'])]
    expect(() => shop.offerFor('gpt-4o')).toThrow(expect.objectContaining({ code: 'model_not_found' }))
    expect(shop.list().map((offer) => offer.model)).toEqual(['o3'])
  })

  test('change at the hour that their price does, and not before', () => {
    let now = Date.parse('2026-11-25T00:29:59.999Z')
    const shop = openShop({ goods: [goodsOf('deepseek', ['deepseek-chat'])], now: () => now })
    const price = (): bigint => shop.offerFor('deepseek-chat').routes[0].terms.prices.input.base
    const night = shop.offerFor('deepseek-chat')
    expect(price()).toBe(135_000n)
    now += 1
    expect(price()).toBe(270_000n)
    expect(shop.offerFor('deepseek-chat').routes[0].terms.priceVersion).not.toBe(
      night.routes[0].terms.priceVersion,
    )
    now = Date.parse('2026-11-25T16:29:59.999Z')
    expect(price()).toBe(270_000n)
    now += 1
    expect(price()).toBe(135_000n)
    now = Date.parse('2026-11-26T00:30:00Z')
    expect(price()).toBe(270_000n)
  })

  test('are found within microseconds', () => {
    const shop = openShop({ goods: [goodsOf('openai', ['gpt-4o'])] })
    shop.offerFor('gpt-4o')
    const began = performance.now()
    for (let i = 0; i < 10_000; i += 1) shop.offerFor('gpt-4o')
    expect((performance.now() - began) / 10_000).toBeLessThan(0.02)
  })

  test('take the image ceiling and kinds of input from what is known of the model', () => {
    expect(offerOf('openai', 'gpt-4o-mini').routes[0].terms).toMatchObject({
      imageCeiling: 48_200,
      inputModalities: ['text', 'image'],
    })
    expect(offerOf('groq', 'llama-3.3-70b-versatile').routes[0].terms).toMatchObject({
      imageCeiling: 5000,
      inputModalities: ['text'],
    })
  })
})
