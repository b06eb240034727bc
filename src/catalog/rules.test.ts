import { describe, expect, test } from 'vitest'
import { DomainError, fixed, LiveValue } from '../lib/index.ts'
import type { ModelRule, UpstreamState } from '../upstreams/index.ts'
import { AUTUMN, openShop } from './__fixtures__/shop.ts'
import type { Goods } from './goods.ts'
import { Catalog, goodsFrom, openPriceLists } from './index.ts'

function listed(id: string): UpstreamState['models'][number] {
  return { id, created: undefined, ownedBy: undefined, contextLength: undefined, outputLimit: undefined }
}

interface Given extends Partial<UpstreamState> {
  id: string
  prices?: string
  marginBp?: number
  lists?: readonly string[]
}

function state(
  { id, prices = 'openai', marginBp, lists = ['gpt-4o'], ...rest }: Given,
  order = 0,
): UpstreamState {
  return {
    config: { id, type: 'generic', url: 'http://127.0.0.1:9', key: undefined, prices, marginBp, order },
    origin: 'table',
    isEnabled: true,
    canList: true,
    models: lists.map(listed),
    modelsAt: 1,
    isStale: false,
    lastError: undefined,
    checkedAt: 1,
    pausedUntil: undefined,
    ...rest,
  }
}

function rule(upstreamId: string, model: string, rest: Partial<ModelRule> = {}): ModelRule {
  return {
    upstreamId,
    model,
    isEnabled: true,
    alias: undefined,
    prices: undefined,
    marginBp: undefined,
    ...rest,
  }
}

function goods(upstreams: readonly Given[], rules: readonly ModelRule[] = []): readonly Goods[] {
  const states = upstreams.map(state)
  return goodsFrom({ states: () => states, rules: () => rules }, fixed(1000))()
}

const FILES = {
  'f.json': JSON.stringify({
    models: { m: { input: '1', output: '2', cacheRead: '0.5' }, n: { input: '3' } },
  }),
  'g.json': JSON.stringify({ models: { m: { input: '10', output: '20' } } }),
  'toll.json': JSON.stringify({
    models: { toll: { input: '0.1', output: '0.1', request: '0.05' }, plain: { input: '1', output: '1' } },
  }),
}

function shop(upstreams: readonly Given[], rules: readonly ModelRule[] = []): Catalog {
  return openShop({ goods: goods(upstreams, rules), files: FILES })
}

const names = (catalog: Catalog): string[] => catalog.list().map(({ model }) => model)

describe('the goods', () => {
  test('are the same array until an upstream, a rule or the margin changes', () => {
    let states = [state({ id: 'a' })]
    let rules: ModelRule[] = []
    const margin = new LiveValue(1000)
    const from = goodsFrom({ states: () => states, rules: () => rules }, margin)
    const first = from()
    expect(from()).toBe(first)
    states = [...states]
    const second = from()
    expect(second).not.toBe(first)
    rules = [rule('a', 'gpt-4o')]
    expect(from()).not.toBe(second)
    margin.set(2000)
    expect(from()).toMatchObject([{ marginBp: 2000 }])
  })

  test('of a disabled upstream are not for sale', () => {
    expect(names(shop([{ id: 'a', isEnabled: false }]))).toEqual([])
  })

  test('of an upstream whose price list is gone are left out, and nobody else’s', () => {
    expect(
      names(
        shop([
          { id: 'a', prices: 'gone.json' },
          { id: 'b', lists: ['o3'] },
        ]),
      ),
    ).toEqual(['o3'])
  })

  test('without a list of prices are sold where rules price them', () => {
    const rules = [rule('a', 'llama', { prices: { input: 1000n, output: 2000n } })]
    const catalog = shop([{ id: 'a', prices: 'none', lists: ['llama', 'other'] }], rules)
    expect(names(catalog)).toEqual(['llama'])
    expect(catalog.offerFor('llama').routes[0].terms).toMatchObject({
      prices: { input: { base: 1000n }, output: { base: 2000n } },
      priceVersion: expect.stringMatching(/^rule\/llama#[0-9a-f]{12}$/),
    })
  })
})

function at(catalog: Catalog): string[] {
  return catalog.offerFor('gpt-4o').routes.map((route) => route.upstreamId)
}

function marginUnder(rules: ModelRule[], marginBp?: number): number {
  const upstream = { id: 'a', ...(marginBp !== undefined && { marginBp }) }
  return shop([upstream], rules).offerFor('gpt-4o').routes[0].marginBp
}

describe('a rule', () => {
  test('disables a model at one upstream, or at all', () => {
    const both = [{ id: 'a' }, { id: 'b' }]
    const off = { isEnabled: false }
    expect(at(shop(both))).toEqual(['a', 'b'])
    expect(at(shop(both, [rule('a', 'gpt-4o', off)]))).toEqual(['b'])
    expect(names(shop(both, [rule('*', 'gpt-4o', off)]))).toEqual([])
    // A rule of one's own says nothing of it by naming an alias.
    expect(names(shop(both, [rule('*', 'gpt-4o', off), rule('a', 'gpt-4o', { alias: 'x' })]))).toEqual([])
  })

  test('sells a model under another name only, and the upstream is asked by its own', () => {
    const catalog = shop([{ id: 'a' }], [rule('a', 'gpt-4o', { alias: 'house/best' })])
    expect(names(catalog)).toEqual(['house/best'])
    expect(catalog.offerFor('house/best').routes).toMatchObject([{ upstreamModel: 'gpt-4o' }])
    expect(() => catalog.offerFor('gpt-4o')).toThrow(/no model 'gpt-4o'/)
  })

  test('brings the models of several upstreams together under one name', () => {
    const upstreams = [
      { id: 'a', lists: ['accounts/x/models/gpt-4o'] },
      { id: 'b', lists: ['gpt-4o'] },
    ]
    const catalog = shop(upstreams, [rule('a', 'accounts/x/models/gpt-4o', { alias: 'gpt-4o' })])
    expect(catalog.offerFor('gpt-4o').routes).toMatchObject([
      { upstreamId: 'a', upstreamModel: 'accounts/x/models/gpt-4o' },
      { upstreamId: 'b', upstreamModel: 'gpt-4o' },
    ])
  })

  test('names a deployment that no list tells of, at the price of what it is', () => {
    const upstream = { id: 'azure', prices: 'azure', canList: false, lists: [], modelsAt: undefined }
    const catalog = shop([upstream], [rule('azure', 'my-deployment', { alias: 'gpt-4o' })])
    const [route] = catalog.offerFor('gpt-4o').routes
    expect(route).toMatchObject({ upstreamModel: 'my-deployment' })
    expect(route.terms.priceVersion).toMatch(/^azure\/gpt-4o#/)
    expect(route.terms.outputLimit).toBe(16_384)
    // An upstream with a list sells what it lists, whatever rules say.
    expect(
      names(
        shop([{ ...upstream, canList: true, lists: ['o3'] }], [rule('azure', 'my', { alias: 'gpt-4o' })]),
      ),
    ).toEqual(['o3'])
  })

  test('a model that searches unasked is not had at the price of the name that it is given', () => {
    const lists = ['gpt-4o-search-preview']
    const alias = rule('a', 'gpt-4o-search-preview', { alias: 'gpt-4o' })
    expect(names(shop([{ id: 'a', lists }], [alias]))).toEqual([])
  })

  test('prices components over the list, without its tiers, and says so in the version', () => {
    const plain = shop([{ id: 'a', prices: 'f.json', lists: ['m'] }]).offerFor('m').routes[0].terms
    const rules = [rule('a', 'm', { prices: { output: 5n } })]
    const { terms } = shop([{ id: 'a', prices: 'f.json', lists: ['m'] }], rules).offerFor('m').routes[0]
    expect(terms.prices).toEqual({ ...plain.prices, output: { base: 5n, tiers: [] } })
    expect(terms.priceVersion).toMatch(new RegExp(`^${RegExp.escape(plain.priceVersion)}\\+rule/m#`))
    const [other] = shop(
      [{ id: 'a', prices: 'f.json', lists: ['m'] }],
      [rule('a', 'm', { prices: { output: 6n } })],
    ).offerFor('m').routes
    expect(other.terms.priceVersion).not.toBe(terms.priceVersion)
  })

  test('without a price of input does not put a model on sale', () => {
    expect(
      names(shop([{ id: 'a', prices: 'none', lists: ['m'] }], [rule('a', 'm', { prices: { output: 5n } })])),
    ).toEqual([])
  })

  test('sets a margin before that of the upstream and of the node', () => {
    expect(marginUnder([])).toBe(1000)
    expect(marginUnder([], 500)).toBe(500)
    expect(marginUnder([rule('*', 'gpt-4o', { marginBp: 50 })], 500)).toBe(50)
    expect(
      marginUnder([rule('*', 'gpt-4o', { marginBp: 50 }), rule('a', 'gpt-4o', { marginBp: 0 })], 500),
    ).toBe(0)
  })

  test('for one upstream goes before the one for all, where both say something', () => {
    const rules = [
      rule('a', 'gpt-4o', { prices: { output: 7n } }),
      rule('*', 'gpt-4o', { alias: 'x', prices: { input: 1n, output: 2n }, marginBp: 9 }),
    ]
    const [route] = shop([{ id: 'a' }], rules).offerFor('x').routes
    expect(route).toMatchObject({
      marginBp: 9,
      terms: { prices: { input: { base: 1n }, output: { base: 7n } } },
    })
  })
})

describe('a paused upstream', () => {
  const dear = { id: 'dear', prices: 'g.json', lists: ['m'] }
  const cheap = { id: 'cheap', prices: 'f.json', lists: ['m'] }

  test('gives way to one that works, also where that one is dearer', () => {
    expect(shop([cheap, dear]).offerFor('m').routes).toMatchObject([{ upstreamId: 'cheap' }])
    expect(shop([{ ...cheap, pausedUntil: 5 }, dear]).offerFor('m').routes).toMatchObject([
      { upstreamId: 'dear' },
    ])
  })

  test('moves no price while one that may stand in for it works', () => {
    const standIn = { ...cheap, id: 'stand-in', marginBp: 9000 }
    const paused = shop([{ ...cheap, pausedUntil: 5 }, standIn]).offerFor('m').routes
    expect(paused).toEqual(shop([cheap, standIn]).offerFor('m').routes)
    expect(paused.map(({ upstreamId }) => upstreamId)).toEqual(['cheap', 'stand-in'])
    const both = shop([{ ...cheap, pausedUntil: 5 }, { ...standIn, pausedUntil: 5 }, dear]).offerFor(
      'm',
    ).routes
    expect(both).toMatchObject([{ upstreamId: 'dear' }])
  })

  test('keeps its models on the list where nobody else has them', () => {
    expect(shop([{ ...cheap, pausedUntil: 5 }]).offerFor('m').routes).toMatchObject([{ upstreamId: 'cheap' }])
  })
})

describe('what an operator asks of one upstream', () => {
  const catalog = shop([
    { id: 'a', prices: 'f.json', lists: ['m', 'n'], isEnabled: false },
    { id: 'b', lists: ['text-embedding-3-small', 'gpt-4o', 'gpt-4o-mini'] },
  ])

  test('is its cheapest model that answers chats, also where it is disabled', () => {
    expect(catalog.cheapestAt('a')).toBe('m')
    expect(catalog.cheapestAt('b')).toBe('gpt-4o-mini')
    expect(catalog.cheapestAt('c')).toBeUndefined()
  })

  test('is not a model that costs most for being asked at all', () => {
    const one = shop([{ id: 'a', prices: 'toll.json', lists: ['toll', 'plain'] }])
    expect(one.cheapestAt('a')).toBe('plain')
  })

  test('is what a reading costs there, without margin', () => {
    const usage = {
      inputTokens: 3,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      inputAudioTokens: 0,
      cacheReadAudioTokens: 0,
      outputTokens: 2,
      reasoningTokens: 0,
      outputAudioTokens: 0,
      webSearches: 0,
      requests: 1,
    }
    expect(catalog.costAt('a', 'm', usage)).toBe(3n * 1_000_000n + 2n * 2_000_000n)
    expect(catalog.costAt('a', 'unknown', usage)).toBeUndefined()
  })
})

describe('why a model is for sale or not', () => {
  const why = (name: string, upstreams: readonly Given[], rules: readonly ModelRule[] = []) =>
    shop(upstreams, rules).why(name)

  test.each<[string, string, Given, ModelRule[], string, RegExp]>([
    ['offered', 'gpt-4o', { id: 'a' }, [], 'offered', /^Offered at the price of openai\/gpt-4o#/],
    ['not listed', 'o3', { id: 'a' }, [], 'not_listed', /does not list it/],
    ['no list to ask for', 'o3', { id: 'a', canList: false }, [], 'not_listed', /no list to be asked for/],
    [
      'disabled by a rule',
      'gpt-4o',
      { id: 'a' },
      [rule('*', 'gpt-4o', { isEnabled: false })],
      'rule_disables',
      /A rule disables/,
    ],
    [
      'sold under another name',
      'gpt-4o',
      { id: 'a' },
      [rule('a', 'gpt-4o', { alias: 'x' })],
      'rule_renames',
      /as x\./,
    ],
    [
      'no price',
      'finetune',
      { id: 'a', lists: ['finetune'] },
      [],
      'no_price',
      /The price list openai has no price .* for finetune/,
    ],
    [
      'no list of prices',
      'm',
      { id: 'a', prices: 'none', lists: ['m'] },
      [],
      'no_price',
      /No price list is set for m/,
    ],
    ['another API', 'whisper-1', { id: 'a', lists: ['whisper-1'] }, [], 'no_price', /speaks another API/],
    [
      'a price list that is gone',
      'gpt-4o',
      { id: 'a', prices: 'x.json' },
      [],
      'no_price_list',
      /x\.json cannot be read/,
    ],
    ['disabled upstream', 'gpt-4o', { id: 'a', isEnabled: false }, [], 'upstream_disabled', /is disabled/],
    [
      'paused upstream',
      'gpt-4o',
      { id: 'a', pausedUntil: AUTUMN, lastError: 'it answered 500' },
      [],
      'paused',
      /paused until 2026-11-25T20:00:00\.000Z: it answered 500/,
    ],
    [
      'never answered',
      'gpt-4o',
      { id: 'a', lists: [], modelsAt: undefined, lastError: 'timeout: x' },
      [],
      'never_answered',
      /not told its models yet: timeout: x/,
    ],
  ])('%s', (...[, name, upstream, rules, code, reason]) => {
    const answer = why(name, [upstream], rules)
    expect(answer.reasons).toMatchObject([{ upstream: 'a', code, reason: expect.stringMatching(reason) }])
    expect(answer.rate).toBeUndefined()
  })

  test('answers for every upstream, in the operator’s order', () => {
    const cheap = { prices: 'f.json', lists: ['m'] }
    const { isOffered, reasons } = why('m', [
      { id: 'dear', prices: 'g.json', lists: ['m'] },
      { id: 'first', ...cheap },
      { id: 'second', ...cheap },
      { id: 'off', ...cheap, isEnabled: false },
    ])
    expect(isOffered).toBe(true)
    expect(reasons.map(({ upstream, code }) => `${upstream} ${code}`)).toEqual([
      'dear stands_back',
      'first offered',
      'second stands_back',
      'off upstream_disabled',
    ])
    expect(reasons[0]?.reason).toMatch(/Costs more than first sells it for/)
    expect(reasons[2]?.reason).toMatch(/Serves where first/)
  })

  test('names what looks like it, of all that is listed, sold or not', () => {
    const { near, isOffered } = why('finetune-2', [{ id: 'a', lists: ['finetune-1', 'gpt-4o'] }])
    expect({ near, isOffered }).toEqual({ near: ['finetune-1'], isOffered: false })
  })

  test('says so where the node has no price of bitcoin', () => {
    const catalog = new Catalog({
      goods: () => goods([{ id: 'a' }]),
      rate: () => {
        throw new DomainError('rate_unavailable', 'Three feeds are late.')
      },
      clock: { now: () => AUTUMN },
      priceLists: openPriceLists({ readFile: () => '' }),
    })
    const answer = catalog.why('gpt-4o')
    expect(answer).toMatchObject({ isOffered: false, rate: 'Three feeds are late.' })
    expect(answer.reasons).toMatchObject([{ reason: expect.stringMatching(/It could be sold/) }])
  })
})
