import { describe, expect, test } from 'vitest'
import { currentPrices } from './current-prices.ts'
import { matches } from './match.ts'
import { openProviderList } from './provider-list.ts'
import { isSold, wellKnown } from './well-known.ts'

const NOW = Date.parse('2026-11-25T20:00:00Z')

describe('a rule of the offline list', () => {
  test.each([
    [{ equals: 'GPT-4o' }, 'gpt-4O', true],
    [{ equals: 'gpt-4o' }, 'gpt-4o-mini', false],
    [{ starts_with: 'gpt' }, 'GPT-4', true],
    [{ starts_with: 'gpt' }, 'x-gpt', false],
    [{ ends_with: ':free' }, 'a:FREE', true],
    [{ ends_with: 'free' }, 'free-a', false],
    [{ contains: 'audio' }, 'gpt-audio-x', true],
    [{ contains: 'audio' }, 'gpt', false],
    [{ regex: '^o[134]$' }, 'o3', true],
    [{ regex: '^o[134]$' }, 'O3', false],
    [{ or: [{ equals: 'a' }, { equals: 'b' }] }, 'b', true],
    [{ or: [{ equals: 'a' }, { equals: 'b' }] }, 'c', false],
    [{ and: [{ starts_with: 'a' }, { ends_with: 'z' }] }, 'abz', true],
    [{ and: [{ starts_with: 'a' }, { ends_with: 'z' }] }, 'ab', false],
  ])('%j means %s: %s', (rule, model, expected) => {
    expect(matches(rule, model)).toBe(expected)
  })
})

const NIGHT = { input_mtok: 1 }
const DAY = { input_mtok: 2 }

/** One price by day, another by night. */
function hours(start_time: string, end_time: string): Parameters<typeof currentPrices>[0] {
  return [{ prices: NIGHT }, { constraint: { type: 'time_of_date', start_time, end_time }, prices: DAY }]
}

function until(at: string): string {
  return new Date(currentPrices(hours('06:00:00Z', '10:00:00Z'), Date.parse(at)).validUntil).toISOString()
}

describe('dated prices', () => {
  test('hold over midnight', () => {
    const late = hours('22:00:00Z', '02:00:00Z')
    expect(currentPrices(late, Date.parse('2026-11-25T23:00:00Z')).prices).toBe(DAY)
    expect(currentPrices(late, Date.parse('2026-11-25T01:59:59Z')).prices).toBe(DAY)
    expect(currentPrices(late, Date.parse('2026-11-25T02:00:00Z')).prices).toBe(NIGHT)
  })

  test('say when they can change next', () => {
    expect(until('2026-11-25T05:00:00Z')).toBe('2026-11-25T06:00:00.000Z')
    expect(until('2026-11-25T06:00:00Z')).toBe('2026-11-25T10:00:00.000Z')
    expect(until('2026-11-25T10:00:00Z')).toBe('2026-11-26T06:00:00.000Z')
  })

  test('from a day on hold from its first moment', () => {
    const dated: Parameters<typeof currentPrices>[0] = [
      { prices: NIGHT },
      { constraint: { type: 'start_date', start_date: '2027-01-01' }, prices: DAY },
    ]
    const newYear = Date.parse('2027-01-01T00:00:00Z')
    expect(currentPrices(dated, newYear - 1)).toEqual({ prices: NIGHT, validUntil: newYear })
    expect(currentPrices(dated, newYear)).toEqual({ prices: DAY, validUntil: Infinity })
  })

  test('without a condition hold for ever', () => {
    expect(currentPrices(NIGHT, 0)).toEqual({ prices: NIGHT, validUntil: Infinity })
  })
})

describe('the offline list', () => {
  test('knows dated names of a model', () => {
    const openai = openProviderList('openai')
    expect(openai?.find('gpt-4o-2024-11-20', NOW)?.priceVersion).toBe(
      openai?.find('gpt-4o', NOW)?.priceVersion,
    )
  })

  test('falls back to the makers of the models that a provider resells', () => {
    expect(openProviderList('azure')?.find('gpt-6-sol', NOW)?.prices.input.base).toBe(2_000_000n)
  })

  test.each([
    ['openai', 'gpt-image-1'],
    ['openai', 'whisper-1'],
    ['openai', 'gpt-4o-search-preview'],
    ['google', 'gemini-3-pro-image-preview'],
    ['perplexity', 'sonar-deep-research'],
    ['mistral', 'mistral-ocr-latest'],
    ['openrouter', 'deepseek/deepseek-r1:free'],
    ['openai', 'no-such-model'],
  ])('has no price that we can charge for %s/%s', (provider, model) => {
    expect(openProviderList(provider)?.find(model, NOW)).toBeUndefined()
  })
})

test('a vendor’s prefix does not hide a well-known model', () => {
  expect(wellKnown('openai/gpt-4o-mini')?.imageCeiling).toBe(48_200)
  expect(wellKnown('claude-opus-4-6')?.outputLimit).toBe(64_000)
  expect(wellKnown('claude-opus-4-20250514')?.outputLimit).toBe(32_000)
  expect(isSold('openai/gpt-4o:online')).toBe(false)
})
