import { describe, expect, test } from 'vitest'
import { DomainError } from '../../lib/index.ts'
import { goodsOf, openShop } from '../__fixtures__/shop.ts'
import { readPriceFile } from './price-file.ts'
import { openPriceLists } from './price-lists.ts'

function refusal(content: unknown): string {
  try {
    readPriceFile('p.json', typeof content === 'string' ? content : JSON.stringify(content))
  } catch (error) {
    if (error instanceof DomainError) return error.message
    throw error
  }
  return 'taken'
}

describe('a price file', () => {
  test('prices its models in USD for a million tokens, and for one request or search', () => {
    const text = JSON.stringify({
      models: {
        'acme/large': {
          input: '2.50',
          output: 10,
          cacheRead: '0.0028',
          tiers: [
            { above: 900, input: '9' },
            { above: 100, input: '5' },
          ],
          request: '0.012',
          webSearch: '0.01',
          name: 'Large',
          context: 50_000,
          outputLimit: 2000,
          imageCeiling: 0,
          margin: '12.5%',
        },
      },
    })
    const found = readPriceFile('p.json', text).open(undefined).find('acme/large', 0)
    expect(found).toMatchObject({
      prices: {
        input: {
          base: 2_500_000n,
          tiers: [
            { above: 100, price: 5_000_000n },
            { above: 900, price: 9_000_000n },
          ],
        },
        output: { base: 10_000_000n, tiers: [] },
        cacheRead: { base: 2_800n },
        request: { base: 12_000_000_000n },
        webSearch: { base: 10_000_000_000n },
      },
      contextLength: 50_000,
      outputLimit: 2000,
      imageCeiling: 0,
      marginBp: 1250,
    })
    expect(found?.priceVersion).toMatch(/^file\/acme\/large#[0-9a-f]{12}$/)
  })

  test('can correct a provider’s list, keeping what it does not mention', () => {
    const files = {
      'own.json': JSON.stringify({
        extends: 'openai',
        models: { 'gpt-4o': { outputLimit: 1000, margin: '50%' }, mine: { input: '1', output: '2' } },
      }),
    }
    const shop = openShop({ goods: [goodsOf('own.json', ['gpt-4o', 'o3', 'mine'])], files })
    expect(shop.list().map((offer) => offer.model)).toEqual(['gpt-4o', 'mine', 'o3'])
    const [route] = shop.offerFor('gpt-4o').routes
    expect(route).toMatchObject({ marginBp: 5000, terms: { outputLimit: 1000, contextLength: 128_000 } })
    expect(route.terms.prices.input.base).toBe(2_500_000n)
  })

  test('may have a price of nought, and the same name in two models', () => {
    const model = { input: 0, output: '0', tiers: [{ above: 5, input: '1' }] }
    expect(refusal({ models: { a: model, b: model } })).toBe('taken')
  })

  test.each([
    ['{', /p\.json cannot be used: it is not JSON/],
    [[], /models|object/],
    [{ models: { a: { output: '1' } } }, /models\.a: has no "input" price/],
    [{ models: { a: { input: '-1' } } }, /p\.json cannot be used: models\.a\.input: is negative; write what/],
    [{ models: { a: { input: -0.5 } } }, /models\.a\.input: is negative/],
    [{ models: { a: { input: true } } }, /models\.a\.input: is not a decimal number; write it as "2\.50"/],
    [{ models: { a: { input: '2,50' } } }, /models\.a\.input: is not a decimal number/],
    [
      { models: { a: { input: '0.0000025' } } },
      /models\.a\.input: is too little, .* write dollars for a million/,
    ],
    [{ models: { a: { input: 2.5e-7 } } }, /models\.a\.input: is too little/],
    [{ models: { a: { input: '1', cacheRead: '0.00001' } } }, /models\.a\.cacheRead: is too little/],
    [{ models: { a: { input: 250_000 } } }, /models\.a\.input: is too much; write dollars, not cents/],
    [{ models: { a: { input: 1, request: 120 } } }, /models\.a\.request: .*write dollars for one, not/],
    [
      { models: { a: { input: 1, tiers: [{ above: 9, output: '-2' }] } } },
      /models\.a\.tiers\.0\.output: is negative/,
    ],
    [
      '{"models":{"a":{"input":"1"},"b":{"input":"1"},"a":{"input":"9"}}}',
      /"a" stands twice in it; keep one/,
    ],
    ['{"models":{"a":{"input":"1","input":"2"}}}', /"input" stands twice in it/],
    [{ models: { a: { input: '1e3' } } }, /models\.a\.input/],
    [{ models: { a: { input: '1', ouput: '1' } } }, /ouput/],
    [{ models: { a: { input: '1', margin: '10' } } }, /write a percentage/],
    [{ models: { a: { input: '1', context: 0 } } }, /models\.a\.context/],
    [{ modles: {} }, /models|modles/],
  ])('is refused with a sentence that says where and what to write: %j', (content, message) => {
    expect(refusal(content)).toMatch(message)
  })
})

describe('a list is found', () => {
  const lists = openPriceLists({
    readFile: (path) => {
      if (path === 'a.json') return '{"models":{"x":{"input":1}}}'
      throw new Error('ENOENT')
    },
  })

  test('by a provider’s exact id, or as a file, and is opened once', () => {
    expect(lists.list('openai').find('gpt-4o', 0)?.prices.input.base).toBe(2_500_000n)
    expect(lists.list('a.json').models()).toEqual(['x'])
    expect(lists.list('a.json')).toBe(lists.list('a.json'))
  })

  test.each(['my-openai', 'bedrock', 'opnai', ''])('and not by the name "%s"', (name) => {
    expect(() => lists.list(name)).toThrow(expect.objectContaining({ code: 'price_list_unknown' }))
  })

  test('and a file that cannot be read is named', () => {
    expect(() => lists.list('gone.json')).toThrow(/price file gone\.json cannot be read/)
  })
})
