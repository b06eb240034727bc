import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fixed, LiveValue } from '../../../lib/index.ts'
import { Storage } from '../../../storage/index.ts'
import { goodsOf, ROUND_RATE } from '../../__fixtures__/shop.ts'
import { Catalog } from '../../catalog.ts'
import { openPriceLists } from '../price-lists.ts'
import { FreshPrices, type FreshPricesOptions } from './fresh-prices.ts'
import { readFreshLists } from './fresh-list.ts'

const clock = { now: () => Date.parse('2026-11-25T12:00:00Z') }
const log: { event: string; fields: Readonly<Record<string, unknown>> }[] = []
let dataDir: string
let storage: Storage
let server: Server
let url: string
let body: string
let asked: string[]
let opened: FreshPrices[]

beforeEach(async () => {
  log.length = 0
  asked = []
  opened = []
  body = '[]'
  dataDir = mkdtempSync(join(tmpdir(), 'farebox-prices-'))
  storage = Storage.open(dataDir)
  server = createServer((request, response) => {
    asked.push(`${request.url ?? ''}${request.headers.authorization ?? ''}`)
    response.end(body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has this kind of address
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const fresh of opened) await fresh.close()
  await storage[Symbol.asyncDispose]()
  server.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function openFresh(rest: Partial<FreshPricesOptions> = {}): Promise<FreshPrices> {
  const fresh = await FreshPrices.open({
    storage,
    clock,
    isOn: fixed(true),
    upstreams: () => [{ type: 'openai', url: 'http://127.0.0.1:9/v1' }],
    thirdParty: { name: 'list', url: `${url}/data.json`, read: readFreshLists },
    timeoutMs: 5000,
    log: (event, fields) => void log.push({ event, fields }),
    ...rest,
  })
  opened.push(fresh)
  return fresh
}

function openShop(fresh: FreshPrices, prices = 'openai', models = ['gpt-4o', 'gpt-4o-mini']): Catalog {
  const goods = [goodsOf(prices, models)]
  const files: Record<string, string> = {
    'own.json': '{"extends":"openai","models":{"gpt-4o":{"input":"9","output":"9"}}}',
  }
  const priceLists = openPriceLists({ readFile: (path) => files[path] ?? '', providers: fresh })
  return new Catalog({ goods: () => goods, rate: () => ROUND_RATE, priceLists, clock })
}

/** What else the package says of gpt-4o. */
const kept = { web_searches_kcount: 10, storage_searches_kcount: 2.5 }

function say(input: number, output = 10): void {
  const prices = { input_mtok: input, output_mtok: output, cache_read_mtok: 1.25, ...kept }
  body = JSON.stringify([{ id: 'openai', models: [{ id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices }] }])
}

function terms(shop: Catalog, model = 'gpt-4o') {
  const { prices, priceVersion } = shop.offerFor(model).routes[0].terms
  return { input: prices.input.base, priceVersion }
}

test('a new price holds for the next offer, under another version, and over a restart', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  const [before, other] = [terms(shop), terms(shop, 'gpt-4o-mini')]
  const offer = shop.offerFor('gpt-4o')
  say(3)
  await fresh.refresh()
  expect(terms(shop)).toEqual({
    input: 3_000_000n,
    priceVersion: expect.not.stringContaining(before.priceVersion),
  })
  expect(terms(shop, 'gpt-4o-mini')).toEqual(other)
  expect(offer.routes[0].terms.prices.input.base).toBe(before.input)
  expect(log).toEqual([{ event: 'prices_read', fields: { source: 'list', changed: 1, refused: 0 } }])
  expect(terms(openShop(await openFresh()))).toEqual(terms(shop))
  expect(asked).toEqual(['/data.json'])
})

test('the same list again changes nothing, not even a version', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  say(3)
  await fresh.refresh()
  const [list, { revision }] = [shop.list(), fresh]
  await fresh.refresh()
  expect(shop.list()).toBe(list)
  expect(fresh.revision).toBe(revision)
})

test('a step back to what came with the package is a change like any other', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  const before = terms(shop)
  for (const input of [3, 2.5]) {
    say(input)
    await fresh.refresh()
  }
  expect(terms(shop).input).toBe(before.input)
})

test.each([
  ['a negative price', -1, 'its input_mtok is negative'],
  ['a thousand times the price', 2500, 'its input_mtok would go from 2.5 to 2500'],
  ['a thousandth of it', 0.0025, 'its input_mtok would go from 2.5 to 0.0025'],
  ['nought', 0, 'has no price for its input'],
])('%s is logged, and the old price stays', async (_, input, why) => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  const before = terms(shop)
  say(input)
  await fresh.refresh()
  expect(terms(shop)).toEqual(before)
  expect(log).toEqual([
    { event: 'price_refused', fields: { source: 'list', model: 'gpt-4o', why } },
    { event: 'prices_read', fields: { source: 'list', changed: 0, refused: 1 } },
  ])
})

test('a price cannot be talked down by a third party in steps that are each allowed', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  for (const input of [0.25, 0.025]) {
    say(input)
    await fresh.refresh()
  }
  expect(terms(shop).input).toBe(250_000n)
  expect(log.filter(({ event }) => event === 'price_refused')).toMatchObject([
    { fields: { model: 'gpt-4o', why: 'its input_mtok would go from 2.5 to 0.025' } },
  ])
})

test.each([
  ['no JSON', '<html>', 'sent something that is not JSON'],
  ['another shape', '{"a":1}', 'sent something that is no price list'],
  ['nothing', '', 'sent nothing'],
])('%s is logged, and all prices stay', async (_, text, why) => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  say(3)
  await fresh.refresh()
  body = text
  await fresh.refresh()
  expect(terms(shop).input).toBe(3_000_000n)
  expect(log.at(-1)).toEqual({ event: 'prices_failed', fields: { source: 'list', why } })
})

test('a model that the list no longer has keeps its price', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh)
  say(3)
  await fresh.refresh()
  body = '[{"id":"openai","models":[]}]'
  await fresh.refresh()
  expect(terms(shop).input).toBe(3_000_000n)
})

test('the operator’s file wins over any list', async () => {
  const fresh = await openFresh()
  const shop = openShop(fresh, 'own.json')
  say(3)
  await fresh.refresh()
  expect(terms(shop).input).toBe(9_000_000n)
})

test('without leave no third party is asked, and what it said before does not count', async () => {
  say(3)
  await (await openFresh()).refresh()
  const isOn = new LiveValue(false)
  const fresh = await openFresh({ isOn })
  const shop = openShop(fresh)
  fresh.start()
  await fresh.refresh()
  expect(terms(shop).input).toBe(2_500_000n)
  expect(fresh.egress()).toEqual([])
  expect(asked).toHaveLength(1)
  isOn.set(true)
  expect(terms(shop).input).toBe(3_000_000n)
  expect(fresh.egress()).toEqual([new URL(url).host])
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(2)
  isOn.set(false)
  expect(terms(shop).input).toBe(2_500_000n)
})

test('nobody is asked before there is an upstream', async () => {
  const fresh = await openFresh({ upstreams: () => [] })
  fresh.start(10)
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(asked).toEqual([])
})

test('an upstream’s own list is asked without leave, without a key, and counts more than a third party’s', async () => {
  const model = 'openai/gpt-4o'
  body = JSON.stringify({
    data: [
      { id: model, pricing: { prompt: '0.000004', completion: '0.00001', input_cache_read: '0.00000125' } },
      { id: 'acme/new-one', pricing: { prompt: '0.000001', completion: '0.000002' } },
      { id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' } },
    ],
  })
  const own = [{ type: 'openrouter', url: `${url}/api/v1` }]
  const upstreams = (): typeof own => own
  const fresh = await openFresh({ isOn: fixed(false), upstreams })
  const shop = openShop(fresh, 'openrouter', [model, 'acme/new-one', 'openrouter/auto'])
  await fresh.refresh()
  expect(asked).toEqual(['/api/v1/models'])
  expect(shop.list().map((offer) => offer.model)).toEqual(['acme/new-one', model])
  expect(terms(shop, model).input).toBe(4_000_000n)
  const thirdParty = {
    id: 'openrouter',
    models: [
      {
        id: model,
        match: { equals: model },
        prices: { input_mtok: 5, output_mtok: 10, cache_read_mtok: 1.25 },
      },
    ],
  }
  body = JSON.stringify([thirdParty])
  const both = await openFresh({ upstreams })
  await both.refresh()
  expect(terms(openShop(both, 'openrouter', [model]), model).input).toBe(4_000_000n)
})
