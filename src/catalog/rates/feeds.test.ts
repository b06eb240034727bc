import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reading } from './feed.ts'
import { FEEDS } from './feeds.ts'

describe('a price is read digit by digit', () => {
  test.each([
    ['91234.56', 9_123_456n],
    ['91234.5', 9_123_450n],
    ['91234', 9_123_400n],
    ['91234.99999', 9_123_499n],
    [91_234.57, 9_123_457n],
    [87_000, 8_700_000n],
    ['0.5', 50n],
    ['999999999999999.99', 99_999_999_999_999_999n],
  ])('%j is %s cents', (dollars, cents) => {
    expect(reading(dollars)?.cents).toBe(cents)
  })

  test.each(['', '-1', '1e5', '0x10', '1,000', ' 1', '1.', '.5', 'NaN', 1e21, -5, Number.NaN, Infinity])(
    '%j is no price',
    (dollars) => {
      expect(reading(dollars)).toBeUndefined()
    },
  )

  test.each([null, undefined, true, {}, [], ['1'], 5n])('%o is no price', (dollars) => {
    expect(reading(dollars)).toBeUndefined()
  })

  test('every price in cents, as text or as a number, is read back exactly', () => {
    const property = fc.property(fc.nat(2 ** 31 - 1), (cents) => {
      const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
      expect(reading(text)?.cents).toBe(BigInt(cents))
      expect(reading(JSON.parse(text))?.cents).toBe(BigInt(cents))
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

describe('the feeds', () => {
  test('are at least six, of different hosts and names, over TLS', () => {
    expect(FEEDS.length).toBeGreaterThanOrEqual(6)
    expect(new Set(FEEDS.map(({ url }) => new URL(url).host)).size).toBe(FEEDS.length)
    expect(new Set(FEEDS.map(({ name }) => name)).size).toBe(FEEDS.length)
    expect(FEEDS.every(({ url }) => url.startsWith('https://'))).toBe(true)
  })

  test.each(FEEDS.map((feed) => [feed.name, feed] as const))(
    '%s reads any JSON without a throw',
    (_, feed) => {
      fc.assert(
        fc.property(fc.jsonValue(), (json) => {
          const found = feed.read(json)
          expect(found === undefined || found.cents >= 0n).toBe(true)
        }),
        { numRuns: 300 },
      )
    },
  )
})
