import { describe, expect, test } from 'vitest'
import { type Offer, type Route } from '../../catalog/index.ts'
import { cheapestModel } from './index.ts'

const price = (base: bigint) => ({ base, tiers: [] })

function offer(model: string, upstreamId: string, prices: Route['terms']['prices']): Offer {
  const terms = {
    contextLength: undefined,
    outputLimit: 100,
    imageCeiling: 0,
    prices,
    priceVersion: '',
    createdAt: undefined,
    name: undefined,
    inputModalities: [],
    outputModalities: [],
  }
  return {
    model,
    rate: { centsPerBtc: 1n },
    routes: [{ upstreamId, upstreamModel: `their-${model}`, marginBp: 0, terms }],
  }
}

describe('the model that an upstream is tried with', () => {
  const offers = [
    offer('dear', 'main', { input: price(9n), output: price(90n) }),
    offer('cheap', 'main', { input: price(1n), output: price(4n) }),
    offer('per-request', 'main', { input: price(1n), output: price(1n), request: price(1000n) }),
    offer('vectors', 'main', { input: price(0n) }),
    offer('elsewhere', 'other', { input: price(0n), output: price(0n) }),
  ]

  test('is the cheapest that answers, whatever stands first in its list', () => {
    expect(cheapestModel(offers, 'main')).toBe('their-cheap')
    expect(cheapestModel(offers.toReversed(), 'main')).toBe('their-cheap')
  })

  test('is none where none is for sale', () => {
    expect(cheapestModel(offers, 'third')).toBeUndefined()
    expect(cheapestModel(offers.slice(3), 'main')).toBeUndefined()
  })
})
