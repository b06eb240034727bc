import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFreshList, readFreshLists } from './fresh-list.ts'
import { readOpenRouterPrices } from './openrouter.ts'

function fate(model: unknown): unknown {
  const { models, refused } = readFreshList('p', [model])
  return refused[0]?.why ?? models[0]
}

const match = { equals: 'm' }

describe('a model of a fresh list', () => {
  test('is read with its tiers, dates and hours', () => {
    const prices = [
      { prices: { input_mtok: { base: 1, tiers: [{ start: 200_000, price: 2 }] }, output_mtok: 3 } },
      { constraint: { start_date: '2027-01-01' }, prices: { input_mtok: 1 } },
      { constraint: { start_time: '00:30:00Z', end_time: '16:30:00Z' }, prices: { input_mtok: 2 } },
    ]
    expect(fate({ id: 'm', name: 'M', match, context_window: 9000, prices, extra: 1 })).toEqual({
      id: 'm',
      name: 'M',
      match: { or: [match] },
      context_window: 9000,
      prices: [
        prices[0],
        { prices: { input_mtok: 1 }, constraint: { type: 'start_date', start_date: '2027-01-01' } },
        {
          prices: { input_mtok: 2 },
          constraint: { type: 'time_of_date', start_time: '00:30:00Z', end_time: '16:30:00Z' },
        },
      ],
    })
  })

  test.each([
    [{ input_mtok: -1 }, 'its input_mtok is negative'],
    [
      { input_mtok: 1, output_mtok: { base: 1, tiers: [{ start: 5, price: -2 }] } },
      'its output_mtok is negative',
    ],
    [[{ prices: { input_mtok: 1 } }, { prices: { input_mtok: -1 } }], 'its input_mtok is negative'],
    [{ input_mtok: 2.5e-6 }, 'its input_mtok is too little, as if it were for one token'],
    [{ input_mtok: 1e9 }, 'its input_mtok is too much'],
    [{ input_mtok: 1, requests_kcount: 2e5 }, 'its requests_kcount is too much'],
    [{ input_mtok: '1' }, 'has an unknown shape'],
    [{ input_mtok: null }, 'has an unknown shape'],
    [[], 'has an unknown shape'],
    [undefined, 'has an unknown shape'],
    [[{ constraint: { start_date: '2027-02-30' }, prices: { input_mtok: 1 } }], 'has an unknown shape'],
    [
      [{ constraint: { start_time: '25:00', end_time: '1' }, prices: { input_mtok: 1 } }],
      'has an unknown shape',
    ],
    [{ input_mtok: { base: 1, tiers: [{ start: -1, price: 2 }] } }, 'has an unknown shape'],
  ])('with the prices %j is refused: it %s', (prices, why) => {
    expect(fate({ id: 'm', match, prices })).toBe(why)
  })

  test('that stands there twice is not believed at all', () => {
    const one = { id: 'm', match, prices: { input_mtok: 1 } }
    const { models, refused } = readFreshList('p', [one, { ...one, prices: { input_mtok: 2 } }])
    expect(models).toEqual([])
    expect(refused).toEqual([{ model: 'm', why: 'stands in the list twice' }])
  })

  test.each([
    [
      { or: [{ equals: 'a' }, { regex: '(a+)+$' }, { contains: 'a' }, { ends_with: 'm' }] },
      [{ equals: 'a' }],
    ],
    [
      { or: [{ starts_with: 'm' }, { starts_with: 'm-2' }, { starts_with: '' }] },
      [{ starts_with: 'm' }, { starts_with: 'm-2' }],
    ],
    [{ regex: '.*' }, []],
    [{ and: [{ equals: 'a' }] }, []],
    ['m', []],
    [null, []],
  ])('has names by %j, but no wide rules', (rule, names) => {
    expect(fate({ id: 'm', match: rule, prices: { input_mtok: 1 } })).toMatchObject({ match: { or: names } })
  })
})

test.each([{}, null, 'text', [1], [{ id: 'p' }], [{ id: '', models: [] }]])('%j is no price list', (json) => {
  expect(readFreshLists(json)).toBeUndefined()
})

function pricesOf(pricing: unknown, rest: object = {}): unknown {
  const [list] = readOpenRouterPrices({ data: [{ id: 'a/b', pricing, ...rest }] }) ?? []
  return list?.refused[0]?.why ?? list?.models[0]?.prices
}

describe('OpenRouter’s own list', () => {
  test('is read in USD for a million tokens or a thousand events, to the last digit', () => {
    const pricing = {
      prompt: '0.00000125',
      completion: '0.00001',
      input_cache_read: '0.000000125',
      input_cache_write: '0.0000015625',
      internal_reasoning: '0.000012',
      request: '0.005',
      web_search: '0.014',
      audio: '0.0000007',
      image: '0',
      discount: 0,
    }
    expect(pricesOf(pricing)).toEqual({
      input_mtok: 1.25,
      output_mtok: 10,
      cache_read_mtok: 0.125,
      cache_write_mtok: 1.5625,
      output_reasoning_mtok: 12,
      requests_kcount: 5,
      web_searches_kcount: 14,
      input_audio_mtok: 0.7,
    })
  })

  test('has steps by the size of the prompt, and by the hour only its dearest', () => {
    const overrides = [
      { min_prompt_tokens: 200_001, prompt: '0.0000025', completion: '0.000015' },
      { utc_start: '00:30', utc_end: '08:30', prompt: '0.000003' },
    ]
    expect(pricesOf({ prompt: '0.00000125', completion: '0.00001', overrides })).toEqual({
      input_mtok: { base: 3, tiers: [{ start: 200_000, price: 3 }] },
      output_mtok: { base: 10, tiers: [{ start: 200_000, price: 15 }] },
    })
  })

  test.each([
    [{ prompt: '-1', completion: '-1' }, 'its input_mtok is negative'],
    [{ prompt: 'free', completion: '0' }, 'has an unknown shape'],
    [{ prompt: { usd: '1' } }, 'has an unknown shape'],
    [{ prompt: '0.000001', overrides: 'soon' }, 'has an unknown shape'],
    [{ prompt: '0.000001', overrides: [{ min_prompt_tokens: 5, prompt: 'more' }] }, 'has an unknown shape'],
    [{ prompt: '0.000001', overrides: [{ utc_start: '1', prompt: '-1' }] }, 'has an unknown shape'],
    [{ prompt: '2.5' }, 'its input_mtok is too much'],
  ])('with the pricing %j: %s', (pricing, why) => {
    expect(pricesOf(pricing)).toBe(why)
  })

  test('keeps a price that we know nothing of, so that the model is not sold', () => {
    expect(pricesOf({ prompt: '0.000001', video_second: '0.1' })).toMatchObject({ video_second: 100_000 })
    expect(pricesOf({ prompt: '0.000001', image: '0.002' })).toMatchObject({ input_image_mtok: 2000 })
  })
})

test('any JSON is read without a throw, into prices that can be', () => {
  const price = fc.oneof(fc.double(), fc.string(), fc.jsonValue())
  const model = fc.record(
    {
      id: fc.oneof(fc.string(), fc.jsonValue()),
      match: fc.jsonValue(),
      prices: fc.oneof(
        fc.dictionary(fc.constantFrom('input_mtok', 'output_mtok', 'x'), price),
        fc.jsonValue(),
      ),
      pricing: fc.oneof(
        fc.dictionary(fc.constantFrom('prompt', 'completion', 'overrides'), price),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  )
  const property = fc.property(fc.oneof(fc.jsonValue(), fc.array(model)), (json) => {
    const lists = [
      ...(readFreshLists(json) ?? []),
      ...(readFreshLists([{ id: 'p', models: json }]) ?? []),
      ...(readOpenRouterPrices({ data: json }) ?? []),
    ]
    for (const { models } of lists)
      for (const one of models) expect(JSON.stringify(one.prices)).not.toMatch(/:-|null/)
  })
  fc.assert(property, { numRuns: 1000 })
})
