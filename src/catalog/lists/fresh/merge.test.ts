import { type MatchLogic, type ModelInfo, type Provider, waitForUpdate } from '@pydantic/genai-prices'
import { describe, expect, test } from 'vitest'
import { matches } from '../match.ts'
import { readFreshList, readFreshLists } from './fresh-list.ts'
import { merge, sift } from './merge.ts'

const NOW = Date.parse('2026-11-25T12:00:00Z')

const OLD: Provider = {
  id: 'p',
  name: 'P',
  api_pattern: '',
  models: [
    { id: 'a', match: { starts_with: 'a' }, prices: { input_mtok: 1, output_mtok: 4, cache_read_mtok: 0.1 } },
    { id: 'b', match: { or: [{ equals: 'b' }, { equals: 'c' }] }, prices: { input_mtok: 2, output_mtok: 8 } },
    { id: 'free', match: { equals: 'free' }, prices: { input_mtok: 0, output_mtok: 0 } },
    {
      id: 'dated',
      match: { equals: 'dated' },
      prices: [
        { prices: { input_mtok: 1 } },
        { constraint: { type: 'start_date', start_date: '2026-01-01' }, prices: { input_mtok: 50 } },
      ],
    },
  ],
}

function model(id: string, prices: ModelInfo['prices'], match: MatchLogic = { equals: id }): ModelInfo {
  return { id, match, prices }
}

/** What becomes of one entry: `taken`, `same`, or why it is refused. */
function fate(entry: ModelInfo): string {
  const { models } = readFreshList('p', [entry])
  const { taken, refused } = sift(OLD, models, NOW)
  return refused[0]?.why ?? (taken.length > 0 ? 'taken' : 'same')
}

describe('a new price', () => {
  test.each([
    ['that is the same', model('b', { output_mtok: 8, input_mtok: 2 }), 'same'],
    ['that differs', model('b', { input_mtok: 2.5, output_mtok: 8 }), 'taken'],
    ['of ten times', model('b', { input_mtok: 20, output_mtok: 80 }), 'taken'],
    ['of a tenth', model('b', { input_mtok: 0.2, output_mtok: 0.8 }), 'taken'],
    [
      'of more than ten times',
      model('b', { input_mtok: 2, output_mtok: 81 }),
      'its output_mtok would go from 8 to 81',
    ],
    [
      'a thousand times',
      model('b', { input_mtok: 2000, output_mtok: 8 }),
      'its input_mtok would go from 2 to 2000',
    ],
    [
      'a thousandth',
      model('b', { input_mtok: 0.002, output_mtok: 8 }),
      'its input_mtok would go from 2 to 0.002',
    ],
    ['of nought', model('b', { input_mtok: 2, output_mtok: 0 }), 'its output_mtok would go from 8 to 0'],
    ['of nought for the input', model('b', { input_mtok: 0, output_mtok: 8 }), 'has no price for its input'],
    ['without one that there was', model('b', { input_mtok: 2 }), 'no longer says its output_mtok'],
    ['without any', model('b', {}), 'has no price for its input'],
    [
      'that is absurd in a tier',
      model('b', { input_mtok: { base: 2, tiers: [{ start: 9, price: 21 }] }, output_mtok: 8 }),
      'its input_mtok would go from 2 to 21',
    ],
    ['where there was none', model('free', { input_mtok: 5, output_mtok: 5 }), 'taken'],
    ['is measured by what holds today', model('dated', { input_mtok: 400 }), 'taken'],
    [
      'is measured by what holds today',
      model('dated', { input_mtok: 4 }),
      'its input_mtok would go from 50 to 4',
    ],
    ['of a new model', model('new', { input_mtok: 7 }), 'taken'],
    ['of a new model without input', model('new', { output_mtok: 7 }), 'has no price for its input'],
    [
      'of a new model that is free',
      model('new', { input_mtok: 0, output_mtok: 0 }),
      'has no price for its input',
    ],
    [
      'of a name that another’s rule covers is measured by that',
      model('a-2', { input_mtok: 11, output_mtok: 4, cache_read_mtok: 0.1 }),
      'its input_mtok would go from 1 to 11',
    ],
  ])('%s: %#', (...[, entry, expected]) => {
    expect(fate(entry)).toBe(expected)
  })

  test('is nowhere in the list that came with the package, compared with itself', async () => {
    const all = (await waitForUpdate()) ?? []
    const lists = readFreshLists(JSON.parse(JSON.stringify(all))) ?? []
    expect(lists.reduce((sum, { models }) => sum + models.length, 0)).toBeGreaterThan(1000)
    for (const { provider, models, refused } of lists) {
      const own = all.find(({ id }) => id === provider)
      expect(own && sift(own, models, NOW)).toEqual({ taken: [], refused: [] })
      expect(refused).toEqual([])
    }
  })
})

function priceOf(list: Provider, name: string): unknown {
  return list.models.find(({ match }) => matches(match, name))?.prices
}

describe('a merged list', () => {
  const fresh = [
    model(
      'b',
      { input_mtok: 3, output_mtok: 8 },
      { or: [{ equals: 'b-2' }, { equals: 'a-9' }, { starts_with: 'x' }] },
    ),
    model('a-2', { input_mtok: 9, output_mtok: 9, cache_read_mtok: 1 }, { starts_with: 'a-2' }),
    model('x-1', { input_mtok: 5 }, { or: [{ starts_with: 'x-1' }, { equals: 'c' }, { equals: 'y' }] }),
    model('x-1-mini', { input_mtok: 4 }, { starts_with: 'x-1-mini' }),
  ]
  const list = merge(OLD, fresh)

  test('has the new price under all old names and new ones', () => {
    expect(['b', 'c', 'b-2'].map((name) => priceOf(list, name))).toEqual(Array(3).fill(fresh[0]?.prices))
  })

  test('gives no known name the price of another', () => {
    expect(priceOf(list, 'a-9')).toEqual(OLD.models[0]?.prices)
    expect(priceOf(list, 'a')).toEqual(OLD.models[0]?.prices)
  })

  test('has an exact name of its own before the rule that covered it', () => {
    expect(priceOf(list, 'a-2')).toEqual(fresh[1]?.prices)
    expect(priceOf(list, 'a-2-large')).toEqual(OLD.models[0]?.prices)
  })

  test('sells a new model under its names, and none under the beginning of another’s', () => {
    expect(priceOf(list, 'x-1')).toEqual(fresh[2]?.prices)
    expect(priceOf(list, 'y')).toEqual(fresh[2]?.prices)
    expect(priceOf(list, 'x-1-mini-2027')).toEqual(fresh[3]?.prices)
    expect(priceOf(list, 'x-1-large')).toBeUndefined()
    expect(priceOf(list, 'x')).toBeUndefined()
  })

  test('says the same when it is merged again', () => {
    const again = merge(list, fresh)
    for (const name of ['a', 'a-2', 'a-9', 'b', 'b-2', 'c', 'x-1', 'x-1-mini', 'y', 'free', 'dated'])
      expect(priceOf(again, name)).toEqual(priceOf(list, name))
    expect(sift(list, readFreshList('p', fresh).models, NOW)).toEqual({ taken: [], refused: [] })
  })
})
