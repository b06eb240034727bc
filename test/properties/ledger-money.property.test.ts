import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ceilSat, floorSat, msat, picoUsdToMsat, satToMsat, scaleDecimal } from '../../src/money/index.ts'

const amount = fc.bigInt(0n, 2_100_000_000_000_000_000n)
const terms = fc.record({
  rate: fc.record({ centsPerBtc: fc.bigInt(100_000n, 10n ** 10n) }),
  marginBp: fc.nat(100_000),
})

describe('money', () => {
  test('a payout is rounded down and a demand up, to the sat next to it', () => {
    const property = fc.property(amount, (each) => {
      const [below, above] = [satToMsat(floorSat(msat(each))), satToMsat(ceilSat(msat(each)))]
      expect([below <= each, each <= above, above - below]).toEqual([
        true,
        true,
        each % 1000n === 0n ? 0n : 1000n,
      ])
    })
    fc.assert(property, { numRuns: 2000 })
  })

  test('a price is its exact value rounded up once: by less than one msat', () => {
    const property = fc.property(terms, fc.bigInt(0n, 10n ** 16n), (at, pico) => {
      const price = picoUsdToMsat(pico, at)
      // Both sides in parts of an msat that are whole: price ≥ exact > price − 1.
      const exact = pico * 10n * BigInt(10_000 + at.marginBp)
      const whole = at.rate.centsPerBtc * 10_000n
      expect([price * whole >= exact, (price - 1n) * whole < exact]).toEqual([true, true])
    })
    fc.assert(property, { numRuns: 2000 })
  })

  test('a sum is never dearer than its parts, and cheaper by at most one msat a part', () => {
    const property = fc.property(
      terms,
      fc.array(fc.bigInt(0n, 10n ** 14n), { maxLength: 20 }),
      (at, parts) => {
        const apart = parts.reduce((sum, part) => sum + picoUsdToMsat(part, at), 0n)
        const together = picoUsdToMsat(
          parts.reduce((sum, part) => sum + part, 0n),
          at,
        )
        expect([together <= apart, apart - together <= BigInt(parts.length)]).toEqual([true, true])
      },
    )
    fc.assert(property, { numRuns: 1000 })
  })

  test('a decimal price keeps every digit it has room for, and is rounded up beyond', () => {
    const property = fc.property(
      fc.bigInt(0n, 10n ** 12n),
      fc.nat(12),
      fc.nat(12),
      (digits, scale, places) => {
        const padded = String(digits).padStart(scale + 1, '0')
        const text =
          scale === 0 ? padded : `${padded.slice(0, padded.length - scale)}.${padded.slice(-scale)}`
        const [up, down] = [10n ** BigInt(places), 10n ** BigInt(scale)]
        expect(scaleDecimal(text, places)).toBe((digits * up + down - 1n) / down)
      },
    )
    fc.assert(property, { numRuns: 2000 })
  })
})
