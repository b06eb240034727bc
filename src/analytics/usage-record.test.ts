import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../dialects/index.ts'
import { msat } from '../money/index.ts'
import { type UsageFacts, usageRecord } from './index.ts'

const facts: UsageFacts = {
  sold: { offer: 'Zk3_wq-0aB' },
  upstream: 'the "main" one\n',
  ending: 'complete',
  usage: { ...NO_USAGE, inputTokens: 180, outputTokens: 120, requests: 1 },
  estimated: false,
  picoUsd: 99_000_000n,
  upstreamPicoUsd: 90_000_000n,
  charge: msat(1089n),
}

describe('the record of a call', () => {
  test('it is JSON that holds the reading, the charge and the offer it was charged by, whatever its texts hold', () => {
    expect(JSON.parse(usageRecord(facts))).toStrictEqual({
      v: 1,
      offer: 'Zk3_wq-0aB',
      upstream: 'the "main" one\n',
      ending: 'complete',
      usage: { inputTokens: 180, outputTokens: 120, requests: 1 },
      pico_usd: '99000000',
      upstream_pico_usd: '90000000',
      charge_msat: '1089',
    })
  })

  test('a route that was sold is named, with the rate of that time where one was known', () => {
    const route = 'GET /a"b'
    const rated = { ...facts, sold: { route, rate: { centsPerBtc: 10_000_000n } } }
    expect(JSON.parse(usageRecord(rated))).toMatchObject({ route, cents_per_btc: '10000000' })
    const unrated: unknown = JSON.parse(usageRecord({ ...facts, sold: { route, rate: undefined } }))
    expect(unrated).toMatchObject({ route })
    expect(unrated).not.toHaveProperty('cents_per_btc')
  })

  test('what is not known is not in it', () => {
    const record: unknown = JSON.parse(
      usageRecord({ ...facts, upstream: undefined, usage: undefined, estimated: true }),
    )
    expect(record).toMatchObject({ estimated: true })
    expect(record).not.toHaveProperty('usage')
    expect(record).not.toHaveProperty('upstream')
  })
})
