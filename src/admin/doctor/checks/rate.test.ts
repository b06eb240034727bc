import { describe, expect, test } from 'vitest'
import { DomainError } from '../../../lib/index.ts'
import type { DoctorRate } from '../rooms.ts'
import { rateCheck } from './rate.ts'

const NOW = 1_800_000_000_000
const BTC = { centsPerBtc: 9_712_345n }
const FEEDS = ['kraken', 'coinbase', 'bitstamp', 'gemini', 'okx']

function rateOf(given: Partial<DoctorRate>): DoctorRate {
  return {
    refresh: async () => undefined,
    rate: () => BTC,
    current: () => undefined,
    feeds: () => [],
    ...given,
  }
}
const known = (seen: { at: number; feeds: string[] }): Pick<DoctorRate, 'current'> => ({
  current: () => ({ rate: BTC, ...seen }),
})
function unknownRate(): never {
  throw new DomainError('rate_unavailable', 'The node has not found a price of bitcoin yet.')
}
const look = async (rate: DoctorRate): Promise<unknown> =>
  rateCheck({ rate, clock: { now: () => NOW } }).look()

describe('the exchange rate', () => {
  test('that is fixed is well', async () => {
    expect(await look(rateOf(known({ at: NOW, feeds: [] })))).toEqual({
      state: 'ok',
      found: '$97,123.45 for a bitcoin, fixed',
    })
  })

  test('that many feeds have just agreed on is well, with those that failed named', async () => {
    const { current } = known({ at: NOW - 20_000, feeds: FEEDS })
    expect(
      await look(rateOf({ current, feeds: () => [{ name: 'kraken', lastError: 'answered 503' }] })),
    ).toEqual({
      state: 'ok',
      found: '$97,123.45 for a bitcoin, agreed on by 5 feeds 20 s ago; kraken answered 503',
    })
  })

  test.each([
    ['few feeds', { at: NOW, feeds: FEEDS.slice(2) }],
    ['an old agreement', { at: NOW - 20 * 60_000, feeds: FEEDS }],
  ])('of %s is worth a warning', async (_, seen) => {
    expect(await look(rateOf(known(seen)))).toMatchObject({
      state: 'warning',
      cure: expect.stringContaining('FAREBOX_BTC_USD'),
    })
  })

  test('that is not known has failed, after the feeds were asked once more', async () => {
    let asked = 0
    const refresh = async (): Promise<void> => void (asked += 1)
    expect(await look(rateOf({ rate: unknownRate, refresh }))).toMatchObject({
      state: 'failed',
      found: 'The node has not found a price of bitcoin yet.',
    })
    expect(asked).toBe(1)
  })
})
