import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agree, confirms, isJump, isPlausible } from './quorum.ts'

function answers(...cents: readonly (number | bigint)[]) {
  return cents.map((one, place) => ({ feed: `f${place}`, cents: BigInt(one) }))
}

function near(of: bigint, bp: number): bigint {
  return of + (of * BigInt(bp)) / 10_000n
}

describe('a quorum', () => {
  test.each([
    ['three that agree', [100, 101, 102], '101', ''],
    ['an even number: the mean of the middle, rounded down', [1000, 1001, 1002, 1003], '1001', ''],
    ['one that says twice as much is left out', [1000, 1002, 1004, 2000], '1002', 'f3'],
    ['5 % off is in', [1000, 1000, 1050], '1000', ''],
    ['more than 5 % off is out', [10_000, 10_000, 10_000, 10_501], '10000', 'f3'],
    ['two are none', [1000, 1000], 'none', ''],
    ['none are none', [], 'none', ''],
    ['two and a liar are none', [1000, 1000, 5000], 'none', ''],
    ['three against three: nobody knows', [1000, 1000, 1000, 2000, 2000, 2000], 'none', ''],
    ['three of six are not most', [1000, 1000, 1000, 5000, 200, 7000], 'none', ''],
  ])('%s', (...[, given, ...expected]) => {
    const agreed = agree(answers(...given))
    expect([String(agreed?.cents ?? 'none'), agreed?.outliers.join() ?? '']).toEqual(expected)
  })

  test('lies between honest answers, whatever a minority of liars says', () => {
    const truth = fc.bigInt(1_000_00n, 100_000_000_00n)
    const parts = fc.record({
      truth,
      honest: fc.array(fc.integer({ min: -240, max: 240 }), { minLength: 3, maxLength: 8 }),
      lies: fc.array(
        fc.oneof(
          fc.bigInt(0n, 10n ** 18n),
          fc.integer({ min: -1500, max: 1500 }).map((bp) => ({ bp })),
        ),
        { maxLength: 7 },
      ),
      order: fc.infiniteStream(fc.nat()),
    })
    const property = fc.property(parts, ({ truth: of, honest, lies, order }) => {
      const good = honest.map((bp) => near(of, bp))
      const bad = lies
        .slice(0, honest.length - 1)
        .map((lie) => (typeof lie === 'bigint' ? lie : near(of, lie.bp)))
      const mixed = answers(...good, ...bad)
        .map((one) => ({ one, place: order.next().value ?? 0 }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ one }) => one)
      const cents = agree(mixed)?.cents
      expect(cents).toBeDefined()
      expect(cents).toBeGreaterThanOrEqual(good.reduce((a, b) => (a < b ? a : b)))
      expect(cents).toBeLessThanOrEqual(good.reduce((a, b) => (a > b ? a : b)))
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

test('a change of more than a fifth is a jump, both ways', () => {
  expect([1200n, 800n, 1000n].map((cents) => isJump(cents, 1000n))).toEqual([false, false, false])
  expect([1201n, 799n].map((cents) => isJump(cents, 1000n))).toEqual([true, true])
})

test('a jump is confirmed by what is close to it, and by nothing else', () => {
  expect(confirms(1050n, 1000n)).toBe(true)
  expect(confirms(1051n, 1000n)).toBe(false)
  expect(confirms(1000n, undefined)).toBe(false)
})

test('a bitcoin costs between a thousand and a hundred million dollars', () => {
  expect([1000_00n, 100_000_000_00n].every(isPlausible)).toBe(true)
  expect([999_99n, 100_000_000_01n, 0n].some(isPlausible)).toBe(false)
})
