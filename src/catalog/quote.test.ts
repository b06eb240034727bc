import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AskedRequest, NO_USAGE, type Usage } from '../dialects/index.ts'
import { DomainError } from '../lib/index.ts'
import { msat } from '../money/index.ts'
import { asking, everyModel, goodsOf, offerOf, openShop } from './__fixtures__/shop.ts'
import { boundUsage, costOf, estimateUsage, modelEntry, type Offer, quoteFor } from './index.ts'

const PROVIDERS = ['openai', 'anthropic', 'google', 'deepseek', 'perplexity', 'openrouter']
const EDGES = JSON.stringify({
  models: {
    free: { input: '0', output: '0' },
    drop: { input: '10', output: '10', tiers: [{ above: 500, input: '0.1', output: '0.1' }] },
    onlyInput: { input: '1', output: '0' },
    embed: { input: '0.02' },
    thinker: { input: '2', output: '8', reasoning: '12', cacheWrite: '2.5', request: '0.01', context: 8192 },
    odd: { input: '10', output: '1', tiers: [{ above: 500, input: '4', output: '3' }], context: 4096 },
    steps: {
      input: '1',
      output: '2',
      tiers: [
        { above: 9, input: '3' },
        { above: 900, output: '9' },
      ],
    },
  },
})
const shop = openShop({
  goods: [
    ...PROVIDERS.map((provider, order) => goodsOf(provider, everyModel(provider), { order, marginBp: 777 })),
    goodsOf('edges.json', [], { order: 9, marginBp: 0 }),
  ],
  rate: { centsPerBtc: 9_712_345n },
  files: { 'edges.json': EDGES },
})
const offers = shop.list()
const RUNS = { numRuns: 1500 }

const count = (max: number): fc.Arbitrary<number> => fc.oneof(fc.nat(20), fc.nat(max))
const offerArb = fc.oneof(
  fc.constantFrom(...offers),
  fc
    .constantFrom('free', 'drop', 'onlyInput', 'thinker', 'odd', 'steps')
    .map((model) => shop.offerFor(model)),
)
const askedArb: fc.Arbitrary<AskedRequest> = fc
  .record({
    choices: fc.integer({ min: 1, max: 8 }),
    outputLimit: fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined }),
    inputBound: count(600_000),
    images: fc.nat(3),
    promptCharacters: count(2_000_000),
    formulaOutputTokens: fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined }),
  })
  .map((rest) => asking(rest))
const usageArb: fc.Arbitrary<Usage> = fc.record({
  inputTokens: count(10_000_000),
  cacheReadTokens: count(1_000_000),
  cacheWriteTokens: count(1_000_000),
  inputAudioTokens: count(100),
  cacheReadAudioTokens: count(100),
  outputTokens: count(10_000_000),
  reasoningTokens: count(100_000),
  outputAudioTokens: count(100),
  webSearches: fc.nat(3),
  requests: fc.nat(2),
})

/** Whether the offer takes the request at all; what it refuses is tested below. */
function takes(offer: Offer, asked: AskedRequest): boolean {
  const { prices } = offer.routes[0].terms
  return prices.output !== undefined && (asked.images === 0 || prices.inputImage === undefined)
}

/** The clients' own code path, in their words, on nothing but the JSON that `/v1/models` gives them. */
function clientGate(json: string, body: { chars: number; maxTokens: number | undefined }): number {
  const { sats_pricing: sats, top_provider: top } = JSON.parse(json)
  const limit = top.context_length - top.max_completion_tokens || top.context_length
  const tokens = Math.floor(body.chars / 3)
  let needed = Math.max(1, Math.floor(sats.max_cost * 1000 * 0.99))
  const prompt = limit * sats.prompt * 0.99 - tokens * sats.prompt
  if (tokens > 0 && prompt > 0) needed -= Math.floor(prompt * 1000)
  const completion = sats.max_completion_cost * 0.99 - (body.maxTokens ?? 0) * sats.completion
  if ((body.maxTokens ?? 0) > 0 && completion > 0) needed -= Math.floor(completion * 1000)
  return Math.max(needed, 1)
}

describe('whatever is asked of whatever is sold', () => {
  test('there are offers to try it on', () => {
    expect(offers.length).toBeGreaterThan(300)
  })

  test('floor ≤ gate ≤ ceiling, and the gate is not above the formula unless the floor is', () => {
    const property = fc.property(offerArb, askedArb, (offer, asked) => {
      fc.pre(takes(offer, asked))
      const quote = quoteFor(offer, asked)
      expect(quote.inputMsat).toBeLessThanOrEqual(quote.floor)
      expect(quote.floor).toBeLessThanOrEqual(quote.gate)
      expect(quote.gate).toBeLessThanOrEqual(quote.ceiling)
      expect(quote.gate <= quote.formula || quote.gate === quote.floor).toBe(true)
      expect(quote.gateWith(msat(0n))).toBe(quote.gate)
    })
    fc.assert(property, RUNS)
  })

  test("the gate is not above the clients' own computation unless the floor is", () => {
    const entries = new Map(offers.map((offer) => [offer, JSON.stringify(modelEntry(offer))]))
    const property = fc.property(offerArb, askedArb, (offer, asked) => {
      fc.pre(takes(offer, asked))
      const quote = quoteFor(offer, asked)
      const body = { chars: asked.promptCharacters, maxTokens: asked.formulaOutputTokens }
      const theirs = BigInt(clientGate(entries.get(offer) ?? '', body))
      expect(quote.formula).toBe(theirs)
      expect(quote.gate <= theirs || quote.gate === quote.floor).toBe(true)
    })
    fc.assert(property, RUNS)
  })

  test('no reading, cut to its bounds, costs more than the ceiling', () => {
    const property = fc.property(offerArb, askedArb, usageArb, (offer, asked, usage) => {
      fc.pre(takes(offer, asked))
      const quote = quoteFor(offer, asked)
      expect(costOf(offer, boundUsage(usage, quote.bounds), false).msat).toBeLessThanOrEqual(quote.ceiling)
    })
    fc.assert(property, { numRuns: 4000 })
  })

  test('a limit that an amount covers keeps every reading within that amount', () => {
    const amountArb = fc.tuple(offerArb, fc.nat(1000))
    const property = fc.property(amountArb, askedArb, usageArb, ([offer, share], asked, usage) => {
      fc.pre(takes(offer, asked))
      const quote = quoteFor(offer, asked)
      const available = msat(quote.floor + ((quote.ceiling - quote.floor) * BigInt(share)) / 1000n)
      const limit = quote.limitFor(available) ?? 0
      expect(limit).toBeGreaterThanOrEqual(quote.minimumOutput)
      expect(limit).toBeLessThanOrEqual(quote.outputLimit ?? 0)
      const bounds = { ...quote.bounds, outputPerChoice: limit }
      expect(costOf(offer, boundUsage(usage, bounds), false).msat).toBeLessThanOrEqual(available)
    })
    fc.assert(property, { numRuns: 4000 })
  })

  test('the limit grows with the amount, and is the largest that fits', () => {
    const property = fc.property(offerArb, askedArb, fc.bigInt(0n, 10n ** 9n), (offer, asked, amount) => {
      fc.pre(takes(offer, asked))
      const quote = quoteFor(offer, asked)
      const limit = quote.limitFor(msat(amount)) ?? 0
      const withLimit = (outputLimit: number): bigint => quoteFor(offer, { ...asked, outputLimit }).ceiling
      expect(quote.limitFor(msat(amount + 1n)) ?? 0).toBeGreaterThanOrEqual(limit)
      expect(limit === 0 || withLimit(limit) <= amount).toBe(true)
      expect(limit === quote.outputLimit || withLimit(limit + 1) > amount).toBe(true)
    })
    fc.assert(property, RUNS)
  })
})

describe('a quote', () => {
  test('for gpt-4o-mini is what a person works out', () => {
    const offer = offerOf('openai', 'gpt-4o-mini', { rate: { centsPerBtc: 10_000_000n } })
    const quote = quoteFor(offer, asking({ inputBound: 1000, images: 1, choices: 2, outputLimit: 500 }))
    // In: (1000 + 48 200) × $0.15/M = 7380 msat; out: $0.60/M × 2; 10 % on top.
    expect(quote).toMatchObject({ inputMsat: 8118n, floor: 8120n, ceiling: 8778n, outputLimit: 500 })
    expect(quote.bounds).toEqual({ input: 49_200, imageInput: 48_200, outputPerChoice: 500, choices: 2 })
    expect(quote.limitFor(msat(8119n))).toBe(0)
    expect(quote.limitFor(msat(8449n))).toBe(250)
  })

  test('admits a call that can be answered with 64 tokens, or with fewer if no more are asked for', () => {
    const offer = offerOf('openai', 'gpt-4o-mini')
    const quote = quoteFor(offer, asking({ outputLimit: 5000 }))
    expect(quote.gate).toBeLessThan(quote.formula)
    expect(quote.gate).toBe(quoteFor(offer, asking({ outputLimit: 64 })).ceiling)
    expect(quoteFor(offer, asking({ outputLimit: 20 })).gate).toBe(
      quoteFor(offer, asking({ outputLimit: 20 })).ceiling,
    )
  })

  test('covers no answer with an amount below its input, even where answers are free', () => {
    const quote = quoteFor(shop.offerFor('onlyInput'), asking({ inputBound: 1000 }))
    expect(quote.limitFor(msat(quote.inputMsat - 1n))).toBe(0)
    expect(quote.limitFor(quote.inputMsat)).toBe(quote.outputLimit)
  })

  test('never sends up more than the model can answer', () => {
    const offer = offerOf('openai', 'gpt-4o-mini')
    expect(quoteFor(offer, asking({ outputLimit: 1_000_000 })).outputLimit).toBe(16_384)
    expect(quoteFor(offer, asking()).outputLimit).toBe(16_384)
  })

  test('takes the tier that the input bound reaches, and the cache-write price where it is dearer', () => {
    const luna = offerOf('openai', 'gpt-6-luna', { rate: { centsPerBtc: 10_000_000n } })
    const [below, above] = [272_000, 272_001].map((inputBound) => quoteFor(luna, asking({ inputBound })))
    expect(below?.inputMsat).toBe(37_400n)
    expect(above?.inputMsat).toBe(74_801n)
  })

  test('for embeddings has an input only', () => {
    const offer = offerOf('openai', 'text-embedding-3-small')
    const quote = quoteFor(offer, asking({ kind: 'embed', inputBound: 10_000 }))
    expect(quote).toMatchObject({ ceiling: 220n, floor: 220n, gate: 220n, outputLimit: undefined })
    expect(quote.limitFor(msat(1n))).toBeUndefined()
  })

  test("adds a mint's fee to the gate but not to the clients' formula", () => {
    const offer = offerOf('openai', 'gpt-4o')
    const quote = quoteFor(offer, asking({ formulaOutputTokens: 5 }))
    expect(quote.gate).toBe(quote.floor > quote.formula ? quote.floor : quote.formula)
    expect(quote.gateWith(msat(1_000_000n))).toBe(quote.floor + 1_000_000n)
  })

  test.each([
    [{ features: ['web_search'], featureFields: ['web_search_options'] } as const, ['web_search_options']],
    [{ features: ['input_audio'], featureFields: ['messages.0'] } as const, ['messages.0']],
    [{ features: ['service_tier'], featureFields: ['service_tier'] } as const, ['service_tier']],
  ])('refuses what has no price: %j', (rest, fields) => {
    const offer = offerOf('google', 'gemini-2.5-flash')
    expect(() => quoteFor(offer, asking(rest))).toThrow(
      expect.objectContaining({ code: 'unpriced_feature', details: { model: 'gemini-2.5-flash', fields } }),
    )
  })

  test('refuses images where they have a price of their own, and answers of an embedding model', () => {
    const embeddings = offerOf('google', 'gemini-embedding-2')
    expect(() => quoteFor(embeddings, asking({ kind: 'embed', images: 1 }))).toThrow(DomainError)
    expect(() => quoteFor(embeddings, asking())).toThrow(
      expect.objectContaining({ code: 'unpriced_feature' }),
    )
    expect(quoteFor(embeddings, asking({ kind: 'embed' })).ceiling).toBeGreaterThan(0n)
  })
})

describe('a reading', () => {
  const bounds = { input: 100, imageInput: 40, outputPerChoice: 10, choices: 2 }

  test('within its bounds stays as it is', () => {
    const usage = {
      ...NO_USAGE,
      inputTokens: 60,
      cacheReadTokens: 40,
      outputTokens: 12,
      reasoningTokens: 8,
      requests: 1,
    }
    expect(boundUsage(usage, bounds)).toEqual(usage)
  })

  test('above its bounds is cut, plain tokens first served', () => {
    const usage = {
      ...NO_USAGE,
      inputTokens: 70,
      cacheReadTokens: 1e6,
      cacheWriteTokens: 20,
      outputTokens: 15,
    }
    expect(boundUsage({ ...usage, reasoningTokens: 1e6, requests: 7 }, bounds)).toEqual({
      ...NO_USAGE,
      inputTokens: 70,
      cacheWriteTokens: 20,
      cacheReadTokens: 10,
      outputTokens: 15,
      reasoningTokens: 5,
      requests: 1,
    })
  })

  test.each([-5, Number.NaN, 1.5, Infinity, 1e300])('never contains %s', (wrong) => {
    const usage = boundUsage(
      { ...NO_USAGE, inputTokens: wrong, outputTokens: wrong, requests: wrong },
      bounds,
    )
    expect(usage).toEqual(NO_USAGE)
  })

  test('has no output where none can be', () => {
    expect(boundUsage({ ...NO_USAGE, outputTokens: 5 }, { ...bounds, outputPerChoice: undefined })).toEqual(
      NO_USAGE,
    )
  })

  test('that is missing is estimated from what went in and came out, within the bounds', () => {
    const delivered = { outputEstimate: 15, hasContent: true }
    const usage = estimateUsage(asking({ inputEstimate: 30 }), delivered, bounds)
    expect(usage).toEqual({ ...NO_USAGE, inputTokens: 70, outputTokens: 15, requests: 1 })
    expect(
      estimateUsage(asking({ inputEstimate: 900 }), { ...delivered, outputEstimate: 99 }, bounds),
    ).toEqual({
      ...NO_USAGE,
      inputTokens: 100,
      outputTokens: 20,
      requests: 1,
    })
  })
})
