import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NO_USAGE } from '../dialects/index.ts'
import { everyModel, goodsOf, offerOf, openShop } from './__fixtures__/shop.ts'
import { costOf, modelEntry } from './index.ts'
import { ratioUp } from './shown.ts'

const number = z.number().nonnegative()
const prices = z.object({
  prompt: number,
  completion: number,
  request: number,
  image: number,
  web_search: number,
  internal_reasoning: number,
  max_prompt_cost: number,
  max_completion_cost: number,
  max_cost: number,
})
/** What the strictest readers of the network and of OpenAI's SDK ask of an entry, all at once. */
const everyReader = z.object({
  id: z.string().min(1),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string().min(1),
  name: z.string(),
  description: z.string(),
  context_length: z.int32().positive(),
  architecture: z.object({
    modality: z.string(),
    input_modalities: z.array(z.string()),
    output_modalities: z.array(z.string()),
    tokenizer: z.string(),
    instruct_type: z.null(),
  }),
  pricing: prices,
  sats_pricing: prices,
  per_request_limits: z.null(),
  top_provider: z.object({
    context_length: z.int().positive(),
    max_completion_tokens: z.int().nonnegative(),
    is_moderated: z.boolean(),
  }),
  min_cost_per_request: z.int().positive(),
  supported_parameters: z.array(z.string()),
  alias_ids: z.array(z.string()),
  enabled: z.literal(true),
  canonical_slug: z.string(),
  upstream_provider_id: z.string(),
})

describe('an entry of /v1/models', () => {
  const offers = openShop({
    goods: ['openai', 'openrouter', 'anthropic', 'google'].map((provider, order) =>
      goodsOf(provider, everyModel(provider), { order }),
    ),
    rate: { centsPerBtc: 9_712_345n },
  }).list()

  test('satisfies every reader for every model', () => {
    expect(offers.length).toBeGreaterThan(300)
    for (const offer of offers) everyReader.parse(JSON.parse(JSON.stringify(modelEntry(offer))))
  })

  test('shows prices that no charge is above', () => {
    for (const offer of offers) {
      const { sats_pricing: sats, pricing: usd } = modelEntry(offer)
      const base = offer.routes[0].terms.prices
      const tokens = base.input.tiers.length > 0 ? 1000 : 1_000_000
      const sold = Number(
        costOf(offer, { ...NO_USAGE, inputTokens: tokens, outputTokens: tokens }, false).msat,
      )
      const exact = (sats.prompt + sats.completion) * tokens * 1000
      expect(sold).toBeLessThanOrEqual(Math.ceil(exact))
      expect(exact).toBeLessThanOrEqual(sold + 1)
      expect((usd.prompt / sats.prompt) * 1e8 || 97_123.45).toBeCloseTo(97_123.45, 2)
    }
  })

  test('shows each tier, and its prices are those charged above it', () => {
    const offer = offerOf('openai', 'gpt-5.5', { rate: { centsPerBtc: 9_712_345n } })
    const [step] = modelEntry(offer).sats_pricing.overrides ?? []
    expect(step?.min_prompt_tokens).toBe(272_000)
    const sold = costOf(offer, { ...NO_USAGE, inputTokens: 272_000, outputTokens: 9 }, false).msat
    const exact = (272_000 * (step?.prompt ?? 0) + 9 * (step?.completion ?? 0)) * 1000
    expect(Number(sold)).toBe(Math.ceil(exact))
  })

  test('adds its worst case up', () => {
    for (const offer of offers) {
      const { sats_pricing: sats, top_provider: top } = modelEntry(offer)
      expect(sats.max_cost).toBeGreaterThanOrEqual(sats.max_prompt_cost + sats.max_completion_cost)
      expect(sats.max_cost).toBeGreaterThanOrEqual(top.context_length * sats.prompt)
    }
  })

  test('of gpt-4o shows what a person works out', () => {
    const entry = modelEntry(offerOf('openai', 'gpt-4o'))
    expect(entry.pricing).toMatchObject({ prompt: 2.75e-6, completion: 1.1e-5, unit: 'token' })
    expect(entry.sats_pricing).toMatchObject({
      prompt: 0.00275,
      completion: 0.011,
      max_completion_cost: 180.224,
    })
    expect(entry.top_provider).toMatchObject({ context_length: 128_000, max_completion_tokens: 16_384 })
    expect(entry.supported_parameters).toContain('tools')
  })

  test('asks for the price of a common call, or of the worst where that is less', () => {
    // 8192 × 0.00275 + 4096 × 0.011 sat.
    expect(modelEntry(offerOf('openai', 'gpt-4o')).min_cost_per_request).toBe(67_584)
    const files = { 's.json': '{"models":{"s":{"input":"1","output":"1","context":1000}}}' }
    const small = openShop({ goods: [goodsOf('s.json', [], { marginBp: 0 })], files }).offerFor('s')
    expect(modelEntry(small).min_cost_per_request).toBe(1000)
  })

  test('of an embedding model says so', () => {
    const entry = modelEntry(offerOf('openai', 'text-embedding-3-small'))
    expect(entry.architecture).toMatchObject({
      modality: 'text->embeddings',
      output_modalities: ['embeddings'],
    })
    expect(entry.sats_pricing.completion).toBe(0)
    expect(entry.supported_parameters).not.toContain('tools')
  })

  test('takes name and date from where they are known', () => {
    const goods = [{ ...goodsOf('openai', []), models: [{ id: 'o3', created: 1_744_225_308 }] }]
    expect(modelEntry(openShop({ goods }).offerFor('o3'))).toMatchObject({
      created: 1_744_225_308,
      owned_by: 'openai',
    })
  })
})

test('a shown number is rounded up in its twelfth digit', () => {
  expect(ratioUp(0n, 7n)).toBe(0)
  expect(ratioUp(1n, 3n)).toBe(0.333333333334)
  expect(ratioUp(2n, 1n)).toBe(2)
  expect(ratioUp(10n ** 15n + 1n, 1n)).toBe(1e15 + 1)
})
