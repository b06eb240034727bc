import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DomainError } from '../lib/index.ts'
import { Cellar, declare } from './__fixtures__/shops.ts'
import type { Upstreams } from './index.ts'
import { readRule, RULE_PRICES, type RuleInput } from './rules.ts'

let cellar: Cellar
let upstreams: Upstreams
const open = () => cellar.open([declare('a', 'http://127.0.0.1:9/v1')])
beforeEach(async () => {
  cellar = new Cellar()
  upstreams = await open()
})
afterEach(() => cellar[Symbol.asyncDispose]())

const rule = { upstreamId: 'a', model: 'm' }

describe('a rule for a model', () => {
  test('is there after a restart as it was set, and changes nothing else', async () => {
    const before = upstreams.rules()
    expect(upstreams.rules()).toBe(before)
    const full = {
      isEnabled: false,
      alias: 'vendor/new',
      prices: { input: '150000', request: 7n },
      marginBp: 500,
    }
    await upstreams.setRule({ ...rule, ...full })
    await upstreams.setRule({ upstreamId: '*', model: 'm' })
    const expected = [
      { ...rule, ...full, prices: { input: 150_000n, request: 7n } },
      {
        upstreamId: '*',
        model: 'm',
        isEnabled: true,
        alias: undefined,
        prices: undefined,
        marginBp: undefined,
      },
    ]
    expect(upstreams.rules()).not.toBe(before)
    expect(upstreams.rules()).toEqual(expected)
    upstreams = await open()
    expect(upstreams.rules()).toHaveLength(2)
    expect(upstreams.rules()).toEqual(expect.arrayContaining(expected))
  })

  test('takes the place of the one before it, and can be dropped', async () => {
    await upstreams.setRule({ ...rule, alias: 'x', marginBp: 1 })
    await upstreams.setRule({ ...rule, marginBp: 2 })
    expect(upstreams.rules()).toMatchObject([{ alias: undefined, marginBp: 2 }])
    await upstreams.dropRule('a', 'm')
    await upstreams.dropRule('a', 'm')
    upstreams = await open()
    expect(upstreams.rules()).toEqual([])
  })

  test.each<[string, Partial<RuleInput>, RegExp]>([
    ['a negative price', { prices: { input: '-1' } }, /its price for input is -1; write whole pico-USD/],
    ['a price in dollars', { prices: { input: '0.15' } }, /its price for input is 0\.15/],
    ['a price out of all reason', { prices: { output: 10n ** 15n + 1n } }, /from 0 to/],
    ['a price of something else', { prices: { image: '1' } }, /a price for image; there are input, output/],
    ['a price that is none', { prices: { input: null } }, /its price for input/],
    ['a negative margin', { marginBp: -1 }, /its margin of -1/],
    ['half a basis point', { marginBp: 0.5 }, /its margin of 0\.5/],
    ['an empty alias', { alias: '' }, /its alias must be/],
    ['an alias with a line end', { alias: 'a\nb' }, /its alias must be/],
    ['no model', { model: '' }, /its model must be/],
  ])('with %s is refused with a sentence, and nothing is kept', async (_, wrong, sentence) => {
    await expect(upstreams.setRule({ ...rule, ...wrong })).rejects.toMatchObject({
      code: 'model_rule_invalid',
      message: expect.stringMatching(sentence),
    })
    expect((await open()).rules()).toEqual([])
  })

  test('is for an upstream that there is', async () => {
    await expect(upstreams.setRule({ ...rule, upstreamId: 'b' })).rejects.toMatchObject({
      code: 'upstream_unknown',
    })
  })

  test('is read from anything without a crash, and never with a negative price', () => {
    const value = fc.oneof(fc.bigInt(), fc.double(), fc.string(), fc.anything())
    const anyPrices = fc.dictionary(fc.oneof(fc.constantFrom(...RULE_PRICES), fc.string()), value, {
      maxKeys: 3,
    })
    let taken = 0
    fc.assert(
      fc.property(anyPrices, fc.string(), (given, model) => {
        const outcome = outcomeOf(() => readRule({ upstreamId: '*', model, prices: given }).prices ?? {})
        if (!(outcome instanceof DomainError)) taken += 1
        const prices = outcome instanceof DomainError ? {} : outcome
        for (const price of Object.values(prices)) expect(price).toBeGreaterThanOrEqual(0n)
      }),
    )
    expect(taken).toBeGreaterThan(0)
  })
})

/** What a reader gives, or the refusal that it throws; anything else it throws is a bug. */
function outcomeOf<T>(read: () => T): T | DomainError {
  try {
    return read()
  } catch (error) {
    if (error instanceof DomainError && error.code === 'model_rule_invalid') return error
    throw error
  }
}
