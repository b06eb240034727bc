import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pickExact, splitFewest, splitForChange } from './split.ts'

const DENOMINATIONS = Array.from({ length: 32 }, (_, power) => 2 ** power)
const sum = (coins: readonly number[]) => coins.reduce((all, coin) => all + coin, 0)
const stock = (coins: readonly number[]) =>
  [...Map.groupBy(coins, (coin) => coin)].map(([amountSat, { length }]) => ({ amountSat, count: length }))

describe('coins', () => {
  test('from the coins of a receive every amount can be paid exactly', () => {
    for (let net = 1; net <= 300; net += 1) {
      const coins = splitForChange(net, DENOMINATIONS) ?? []
      for (let amount = 1; amount <= net; amount += 1)
        expect(pickExact(amount, stock(coins)), `${amount} of ${net}`).toBeDefined()
    }
  })

  test('the same for any net; the coins are its sum, ascending, and few', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (net, part) => {
          const coins = splitForChange(net, DENOMINATIONS) ?? []
          const amount = Math.max(1, Math.floor(net * part))
          const picked = pickExact(amount, stock(coins)) ?? []
          expect(sum(coins)).toBe(net)
          expect(coins).toEqual(coins.toSorted((a, b) => a - b))
          expect(coins.length).toBeLessThanOrEqual(62)
          expect(picked.reduce((all, line) => all + line.amountSat * line.count, 0)).toBe(amount)
        },
      ),
    )
  })

  test('the fewest coins are the binary ones; a keyset without small coins cannot make small amounts', () => {
    expect(splitFewest(13, DENOMINATIONS)).toEqual([1, 4, 8])
    expect(splitFewest(0, DENOMINATIONS)).toEqual([])
    expect(splitFewest(13, [4, 8])).toBeUndefined()
  })

  test('coins that do not fit are not taken', () => {
    expect(pickExact(3, [{ amountSat: 2, count: 5 }])).toBeUndefined()
    expect(pickExact(6, [{ amountSat: 2, count: 5 }])).toEqual([{ amountSat: 2, count: 3 }])
  })
})
