import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { msat, msatToPicoUsd, picoUsdToMsat } from './index.ts'

const terms = fc.record({
  rate: fc.record({ centsPerBtc: fc.bigInt(1n, 10n ** 12n) }),
  marginBp: fc.nat(100_000),
})

test('the cost that an amount covers is the largest whose price is within it', () => {
  const property = fc.property(terms, fc.bigInt(0n, 10n ** 15n), (at, amount) => {
    const most = msatToPicoUsd(msat(amount), at)
    expect(picoUsdToMsat(most, at)).toBeLessThanOrEqual(amount)
    expect(picoUsdToMsat(most + 1n, at)).toBeGreaterThan(amount)
  })
  fc.assert(property, { numRuns: 2000 })
})

test('a cent at a hundred thousand dollars is ten sat, and the smallest cost is one msat', () => {
  const rate = { centsPerBtc: 10_000_000n }
  expect(picoUsdToMsat(10n ** 10n, { rate, marginBp: 0 })).toBe(10_000n)
  expect(picoUsdToMsat(10n ** 10n, { rate, marginBp: 1000 })).toBe(11_000n)
  expect(picoUsdToMsat(1n, { rate, marginBp: 0 })).toBe(1n)
  expect(picoUsdToMsat(0n, { rate, marginBp: 1000 })).toBe(0n)
})
