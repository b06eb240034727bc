import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Catalog, ExchangeRate, type ExchangeRateOptions, openPriceLists } from '../../src/catalog/index.ts'
import { DomainError, fixed, LiveValue } from '../../src/lib/index.ts'
import type { BtcUsd } from '../../src/money/index.ts'
import { Storage } from '../../src/storage/index.ts'
import { type Manner, type RateFeeds, startRateFeeds, type Usd } from '../support/rate-feeds.ts'

const HONEST: Usd = '100000.00'
const CENTS = 10_000_000n
const MINUTE = 60_000
const POLL = { timeout: 10_000 }

let feeds: RateFeeds
let storage: Storage
let dataDir: string
let opened: ExchangeRate[] = []
let now = Date.parse('2026-11-25T12:00:00Z')
const clock = { now: () => now }
const log: { event: string; fields: Readonly<Record<string, unknown>> }[] = []

beforeEach(async () => {
  now = Date.parse('2026-11-25T12:00:00Z')
  log.length = 0
  opened = []
  dataDir = mkdtempSync(join(tmpdir(), 'farebox-rate-'))
  storage = Storage.open(dataDir)
  feeds = await startRateFeeds(HONEST, clock.now)
})

afterEach(async () => {
  for (const rate of opened) await rate.close()
  await storage[Symbol.asyncDispose]()
  await feeds[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

async function openRate(rest: Partial<ExchangeRateOptions> = {}): Promise<ExchangeRate> {
  const rate = await ExchangeRate.open({
    storage,
    clock,
    fixed: fixed(undefined),
    feeds: feeds.feeds,
    timeoutMs: 1000,
    log: (event, fields) => void log.push({ event, fields }),
    ...rest,
  })
  opened.push(rate)
  return rate
}

function behave(manners: Readonly<Record<string, Manner>>): void {
  for (const [name, manner] of Object.entries(manners)) feeds.double(name).manner = manner
}

function refusal(rate: ExchangeRate): DomainError {
  try {
    rate.rate()
  } catch (error) {
    if (error instanceof DomainError) return error
  }
  throw new Error('there is a rate')
}

const HTML: Manner = { body: '<!doctype html><title>Just a moment…</title>' }

describe('one feed cannot move the rate', () => {
  test.each<[string, Manner, RegExp | undefined]>([
    ['that is honest', HONEST, undefined],
    ['that is a little off', '100900', undefined],
    ['that is late', 'late', /did not answer within 1000 ms/],
    ['that stops halfway', 'half', /did not answer within 1000 ms/],
    ['that hangs up', 'reset', /cannot be reached/],
    ['that lies by two', '200000', /far from what the others say/],
    ['that is a million off', '100000000000', /a price that cannot be/],
    ['that is a millionth', '0.1', /a price that cannot be/],
    ['that says nothing is owed', '0', /a price that cannot be/],
    ['that is negative', '-100000', /sent no price/],
    ['that writes an exponent', { body: '{"last":"1e5"}' }, /sent no price/],
    ['that says another type', { body: '{"last":true}' }, /sent no price/],
    ['that says null', { body: 'null' }, /sent no price/],
    ['that sends another shape', { body: '{"error":"maintenance"}' }, /sent no price/],
    ['that sends garbage', HTML, /not JSON/],
    ['that sends nothing', { body: '' }, /sent nothing/],
    ['that never stops', 'endless', /sent more than 65536 bytes/],
    [
      'that redirects',
      { status: 302, headers: { location: '/elsewhere' }, body: '' },
      /answered 302, and redirects/,
    ],
    ['that asks for less', { status: 429, body: '{"last":"100000.00"}' }, /answered 429/],
    ['that fails', { status: 503, body: '' }, /answered 503/],
  ])('%s', async (_, manner, error) => {
    const rate = await openRate()
    behave({ gemini: manner })
    await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(CENTS)
    const state = rate.feeds().find(({ name }) => name === 'gemini')
    expect(state?.lastError ?? 'no error').toMatch(error ?? /^no error$/)
    expect(rate.current()?.feeds).toHaveLength(error ? 6 : 7)
    expect(feeds.double('gemini').asked).toBe(1)
  })

  test.each(['coinbase', 'bitstamp', 'mempool.space'])('%s with a price of an hour ago', async (name) => {
    const rate = await openRate()
    feeds.double(name).at = () => Math.floor(now / 1000) - 3600
    await rate.refresh()
    expect(rate.feeds().find((one) => one.name === name)?.lastError).toBe(
      'sent a price that is 60 minutes old',
    )
    expect(rate.current()?.feeds).toHaveLength(6)
  })
})

describe('several feeds', () => {
  test('that misbehave in all ways at once leave the rate to the rest', async () => {
    const rate = await openRate()
    behave({ kraken: 'late', coinbase: HTML, bitstamp: '200000', bitfinex: 'endless' })
    await rate.refresh()
    expect(rate.current()).toMatchObject({ rate: { centsPerBtc: CENTS }, at: now })
    expect(rate.current()?.feeds).toEqual(['gemini', 'blockchain.com', 'mempool.space'])
  })

  test('are fewer than a quorum: there is no rate, and the error says who failed', async () => {
    const rate = await openRate()
    behave({ kraken: 'late', coinbase: HTML, bitstamp: 'reset', bitfinex: '-1', gemini: { body: '' } })
    await rate.refresh()
    const error = refusal(rate)
    expect(error).toMatchObject({ code: 'rate_unavailable', retryAfterS: 60 })
    expect(error.message).toMatch(
      /usable answers from 2 feeds.*failing: kraken, coinbase, bitstamp, bitfinex, gemini/,
    )
    expect(log.at(-1)).toMatchObject({ event: 'rate_refused', fields: { reason: 'no_quorum' } })
  })

  test('that disagree half against half give no rate', async () => {
    const rate = await openRate()
    behave({ kraken: '150000', coinbase: '150000', bitstamp: '150000', gemini: 'reset' })
    await rate.refresh()
    expect(refusal(rate).message).toMatch(/disagree/)
    expect(log.at(-1)).toMatchObject({ event: 'rate_refused', fields: { reason: 'no_quorum' } })
  })

  test('of which any minority lies as it likes leave the rate between honest answers', async () => {
    const names = feeds.doubles.map(({ name }) => name)
    const lie = fc.oneof(
      fc.integer({ min: 1, max: 100_000_000 }).map((usd): Usd => `${usd}`),
      fc.integer({ min: 85_000, max: 115_000 }).map((usd): Usd => `${usd}`),
      fc.constantFrom<Manner>('reset', HTML, { body: '' }, { body: '[]' }),
    )
    const honest = fc.array(fc.integer({ min: 98_000, max: 102_000 }), { minLength: 7, maxLength: 7 })
    const liars = fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), lie }), {
      maxLength: 3,
      selector: ({ name }) => name,
    })
    const property = fc.asyncProperty(honest, liars, async (dollars, lying) => {
      const rate = await openRate({ storage: await emptied() })
      for (const [place, double] of feeds.doubles.entries()) double.manner = `${dollars[place] ?? 0}`
      behave(Object.fromEntries(lying.map((one) => [one.name, one.lie])))
      await rate.refresh()
      const said = feeds.doubles
        .map(({ name }, place) => ({ name, dollars: dollars[place] ?? 0 }))
        .filter(({ name }) => !lying.some((one) => one.name === name))
        .map((one) => one.dollars)
      const found = Number(rate.rate().centsPerBtc) / 100
      expect(found).toBeGreaterThanOrEqual(Math.min(...said))
      expect(found).toBeLessThanOrEqual(Math.max(...said))
    })
    await fc.assert(property, { numRuns: 40 })
  })
})

/** The same database without a last rate, so that nothing is a jump. */
async function emptied(): Promise<Storage> {
  await storage[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
  storage = Storage.open(dataDir)
  return storage
}

describe('a jump', () => {
  test('of more than a fifth is taken when the next look confirms it', async () => {
    const rate = await openRate()
    await rate.refresh()
    feeds.say('79000')
    await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(CENTS)
    expect(log.at(-1)).toMatchObject({
      fields: { reason: 'unconfirmed_jump', from: '100000.00', to: '79000.00' },
    })
    feeds.say('78000')
    await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(7_800_000n)
  })

  test('of less is taken at once', async () => {
    const rate = await openRate()
    await rate.refresh()
    feeds.say('119000.5')
    await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(11_900_050n)
  })

  test.each<[string, Usd]>([
    ['that the next look does not see', HONEST],
    ['that the next look sees elsewhere', '250000'],
  ])('%s is forgotten', async (_, next) => {
    const rate = await openRate()
    await rate.refresh()
    for (const said of ['150000', next, '150000'] as const) {
      feeds.say(said)
      await rate.refresh()
      expect(rate.rate().centsPerBtc).toBe(CENTS)
    }
  })

  test('between which no quorum came about is not confirmed', async () => {
    const rate = await openRate()
    await rate.refresh()
    for (const said of ['150000', '-1', '150000'] as const) {
      feeds.say(said)
      await rate.refresh()
      expect(rate.rate().centsPerBtc).toBe(CENTS)
    }
  })

  test.each(['100000000000', '0.1'] as const)('of all feeds to %s dollars is never taken', async (said) => {
    const rate = await openRate()
    await rate.refresh()
    feeds.say(said)
    for (let look = 0; look < 3; look += 1) await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(CENTS)
  })
})

describe('the age of a rate', () => {
  test('counts over a restart, and ends the sale', async () => {
    const first = await openRate()
    await first.refresh()
    now += 29 * MINUTE
    const second = await openRate()
    expect(second.current()).toMatchObject({ rate: { centsPerBtc: CENTS }, at: now - 29 * MINUTE })
    expect(second.current()?.feeds).toHaveLength(7)
    now += 2 * MINUTE
    expect(refusal(second).message).toMatch(/last knew a price of bitcoin at 2026-11-25T12:00:00\.000Z/)
    expect(refusal(await openRate()).details).toMatchObject({ since: '2026-11-25T12:00:00.000Z' })
    await second.refresh()
    expect(second.rate().centsPerBtc).toBe(CENTS)
  })

  test('is kept through looks that fail, until it is too old', async () => {
    const rate = await openRate()
    await rate.refresh()
    feeds.say('-1')
    now += 20 * MINUTE
    await rate.refresh()
    expect(rate.rate().centsPerBtc).toBe(CENTS)
    now += 11 * MINUTE
    expect(refusal(rate).message).toMatch(/failing: kraken/)
  })

  test('is not trusted when the clock was set back', async () => {
    const rate = await openRate()
    await rate.refresh()
    now -= 31 * MINUTE
    expect(rate.current()).toBeUndefined()
  })

  test('stops new calls, and leaves those that run their price', async () => {
    const rate = await openRate()
    await rate.refresh()
    const goods = [
      { upstreamId: 'a', order: 0, prices: 'openai', marginBp: 0, models: [{ id: 'gpt-4o-mini' }] },
    ]
    const priceLists = openPriceLists({ readFile: () => '' })
    const catalog = new Catalog({ goods: () => goods, rate: () => rate.rate(), priceLists, clock })
    const offer = catalog.offerFor('gpt-4o-mini')
    now += 31 * MINUTE
    expect(() => catalog.offerFor('gpt-4o-mini')).toThrow(
      expect.objectContaining({ code: 'rate_unavailable' }),
    )
    expect(offer.rate.centsPerBtc).toBe(CENTS)
    feeds.say('110000')
    await rate.refresh()
    expect(offer.rate.centsPerBtc).toBe(CENTS)
    expect(catalog.offerFor('gpt-4o-mini').rate.centsPerBtc).toBe(11_000_000n)
  })
})

describe('nobody is contacted', () => {
  test.each<[string, Partial<ExchangeRateOptions>]>([
    ['with a fixed rate', { fixed: fixed({ centsPerBtc: 5_000_000n }) }],
    ['with the rate turned off', { fixed: fixed('off' as const) }],
    ['before anything is for sale', { isWanted: () => false }],
  ])('%s', async (_, options) => {
    const rate = await openRate(options)
    rate.start(20)
    await rate.refresh()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(feeds.doubles.map(({ mostSockets }) => mostSockets)).toEqual(feeds.doubles.map(() => 0))
  })

  test('until a fixed rate is taken away; then at once', async () => {
    const live = new LiveValue<BtcUsd | 'off' | undefined>({ centsPerBtc: 5_000_000n })
    const rate = await openRate({ fixed: live })
    rate.start()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(rate.rate().centsPerBtc).toBe(5_000_000n)
    expect(rate.egress()).toEqual([])
    live.set('off')
    expect(refusal(rate).message).toMatch(/turned the price of bitcoin off/)
    live.set(undefined)
    expect(rate.egress()).toHaveLength(7)
    await expect.poll(() => rate.current()?.rate.centsPerBtc, POLL).toBe(CENTS)
    expect(feeds.asked()).toBe(7)
  })
})

test('looks that are asked for together are one, with one socket to each feed', async () => {
  const rate = await openRate()
  behave({ kraken: 'late' })
  await Promise.all([rate.refresh(), rate.refresh(), rate.refresh()])
  behave({ kraken: HONEST })
  rate.start(20)
  await expect.poll(() => feeds.double('gemini').asked, POLL).toBeGreaterThan(3)
  await rate.close()
  expect(feeds.doubles.map(({ mostSockets }) => mostSockets)).toEqual(feeds.doubles.map(() => 1))
})

test('a close does not wait for a feed that is late', async () => {
  const rate = await openRate({ timeoutMs: 30_000 })
  behave({ kraken: 'late' })
  const look = rate.refresh()
  await expect.poll(() => feeds.double('kraken').asked, POLL).toBe(1)
  await rate.close()
  await look
  expect(rate.current()).toBeUndefined()
  await rate.refresh()
  expect(feeds.asked()).toBe(7)
})

test('a feed that turns is logged once, when it fails and when it is back', async () => {
  const rate = await openRate()
  for (const manner of [HTML, HTML, HONEST, HONEST] as const) {
    behave({ kraken: manner })
    await rate.refresh()
  }
  expect(log.map(({ event }) => event)).toEqual(['rate_feed_failed', 'rate_found', 'rate_feed_recovered'])
})
