import { expect, test } from 'vitest'
import { NO_USAGE } from '../dialects/index.ts'
import { everyModel, goodsOf, openShop } from './__fixtures__/shop.ts'
import { costOf } from './index.ts'
import { readOffer, writeOffer } from './saved-offer.ts'

test('an offer read back from a record charges what it charged before', () => {
  const providers = ['openai', 'anthropic', 'deepseek', 'perplexity']
  const goods = providers.map((provider, order) => goodsOf(provider, everyModel(provider), { order }))
  const usage = { ...NO_USAGE, inputTokens: 280_000, cacheReadTokens: 77, outputTokens: 5, requests: 1 }
  const offers = openShop({ goods, rate: { centsPerBtc: 9_712_345n } }).list()
  expect(offers.length).toBeGreaterThan(50)
  for (const offer of offers) {
    const kept = readOffer(JSON.parse(writeOffer(offer)))
    expect(costOf(kept, usage, true)).toEqual(costOf(offer, usage, true))
  }
})

test.each([null, {}, [], 'x', { model: 'm' }])('%j is no record of an offer', (value) => {
  expect(() => readOffer(value)).toThrow(expect.objectContaining({ code: 'record_unreadable' }))
})
