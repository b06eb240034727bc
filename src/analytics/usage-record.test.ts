import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../dialects/index.ts'
import { msat } from '../money/index.ts'
import { type UsageFacts, usageRecord } from './index.ts'

const facts: UsageFacts = {
  dialect: 'openai.chat',
  model: 'a "model"\n',
  upstream: 'main',
  ending: 'complete',
  usage: { ...NO_USAGE, inputTokens: 180, outputTokens: 120, requests: 1 },
  estimated: false,
  picoUsd: 99_000_000n,
  upstreamPicoUsd: 90_000_000n,
  charge: msat(1089n),
  rate: { centsPerBtc: 10_000_000n },
  marginBp: 1000,
  priceVersion: 'list "1"',
  components: [
    { name: 'input', units: 180, picoUsdPerUnit: 150_000n },
    { name: 'output', units: 120, picoUsdPerUnit: 600_000n },
  ],
}

describe('the record of a call', () => {
  test('it is JSON that holds the reading, the prices and the charge, whatever its texts hold', () => {
    expect(JSON.parse(usageRecord(facts))).toStrictEqual({
      v: 1,
      dialect: 'openai.chat',
      model: 'a "model"\n',
      upstream: 'main',
      ending: 'complete',
      usage: { inputTokens: 180, outputTokens: 120, requests: 1 },
      pico_usd: '99000000',
      upstream_pico_usd: '90000000',
      charge_msat: '1089',
      cents_per_btc: '10000000',
      margin_bp: 1000,
      price_version: 'list "1"',
      components: [
        ['input', 180, '150000'],
        ['output', 120, '600000'],
      ],
    })
  })

  test('what is not known is not in it', () => {
    const unserved = { ...facts, upstream: undefined, usage: undefined, components: [], estimated: true }
    const record: unknown = JSON.parse(usageRecord(unserved))
    expect(record).toMatchObject({ estimated: true, components: [] })
    expect(record).not.toHaveProperty('usage')
    expect(record).not.toHaveProperty('upstream')
  })
})
