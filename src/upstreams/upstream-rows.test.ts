import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sql, tablesOf } from '../storage/index.ts'
import { call, Cellar, declare, listing, openShop, type Shop, status } from './__fixtures__/shops.ts'
import type { UpstreamTables } from './upstream-tables.ts'

let cellar: Cellar
let shop: Shop
beforeEach(async () => {
  cellar = new Cellar()
  shop = await openShop(listing('m1', 'm2'))
})
afterEach(async () => {
  await cellar[Symbol.asyncDispose]()
  await shop.close()
})

function rows(): Promise<UpstreamTables['upstream'][]> {
  return cellar.storage.read((tx) =>
    tablesOf<UpstreamTables>(tx).selectFrom('upstream').selectAll().orderBy('id').execute(),
  )
}

const nothing = (): void => undefined
const wish = (id: string) => {
  const { order: _, ...config } = declare(id, shop.url)
  return config
}

describe('an upstream of the environment', () => {
  test('is a row without its key, and refuses every edit', async () => {
    const upstreams = await cellar.open([declare('main', shop.url)])
    expect(upstreams.states()).toMatchObject([
      { config: { id: 'main', key: 'sk-main-secret' }, origin: 'environment', isEnabled: true },
    ])
    expect(await rows()).toMatchObject([
      { id: 'main', sealed_key: null, origin: 'environment', is_enabled: 1n },
    ])
    const locked = { code: 'upstream_locked_by_environment' }
    await expect(upstreams.disable('main')).rejects.toMatchObject(locked)
    await expect(upstreams.enable('main')).rejects.toMatchObject(locked)
    await expect(upstreams.remove('main')).rejects.toMatchObject(locked)
    await expect(upstreams.add(wish('main'))).rejects.toMatchObject(locked)
    expect(upstreams.unavailable('main')).toBeUndefined()
  })

  test('is disabled, not deleted, when the environment forgets it, and comes back with it', async () => {
    await cellar.open([declare('main', shop.url)])
    let upstreams = await cellar.open([])
    expect(upstreams.states()).toMatchObject([{ origin: 'environment', isEnabled: false }])
    expect(await rows()).toMatchObject([{ id: 'main', is_enabled: 0n }])
    await expect(upstreams.enable('main')).rejects.toMatchObject({ code: 'upstream_locked_by_environment' })
    expect(upstreams.unavailable('main')).toBeDefined()
    upstreams = await cellar.open([declare('main', shop.url)])
    expect(upstreams.states()).toMatchObject([{ isEnabled: true }])
    expect(await rows()).toMatchObject([{ is_enabled: 1n }])
  })

  test('stands before a row of the same id, which it leaves as it is', async () => {
    let upstreams = await cellar.open([])
    await upstreams.add({ ...wish('main'), key: 'sk-of-the-row' })
    upstreams = await cellar.open([declare('main', shop.url, { key: 'sk-of-the-environment' })])
    expect(upstreams.states()).toMatchObject([
      { config: { key: 'sk-of-the-environment' }, origin: 'environment' },
    ])
    await expect(upstreams.remove('main')).rejects.toMatchObject({ code: 'upstream_locked_by_environment' })
    upstreams = await cellar.open([])
    expect(upstreams.states()).toMatchObject([
      { config: { key: 'sk-of-the-row' }, origin: 'table', isEnabled: true },
    ])
  })

  test('that was forgotten may be taken over by a row, or removed', async () => {
    await cellar.open([declare('a', shop.url), declare('b', shop.url)])
    const upstreams = await cellar.open([])
    await upstreams.add(wish('a'))
    await upstreams.remove('b')
    expect(upstreams.states()).toMatchObject([{ config: { id: 'a' }, origin: 'table', isEnabled: true }])
    expect(await rows()).toMatchObject([{ id: 'a', origin: 'table' }])
  })
})

describe('an upstream that an operator adds', () => {
  test('sells at once, its key is sealed, and it is there after a restart', async () => {
    let upstreams = await cellar.open([declare('first', shop.url)])
    const before = upstreams.states()
    await upstreams.add(wish('second'))
    expect(upstreams.states()).not.toBe(before)
    await expect.poll(() => upstreams.states()[1]?.models.length).toBe(2)
    expect(await call(upstreams, 'second')).toBe(200)
    expect(shop.seen.at(-1)?.headers.authorization).toBe('Bearer sk-second-secret')

    const [, row] = await rows()
    expect(row?.sealed_key).toMatch(/^fb1\./)
    expect(inspect(await rows())).not.toContain('secret')
    upstreams = await cellar.open([declare('first', shop.url)])
    expect(upstreams.states()).toMatchObject([
      { config: { id: 'first', order: 0 }, origin: 'environment' },
      { config: { id: 'second', order: 1, key: 'sk-second-secret' }, origin: 'table' },
    ])
  })

  test('is disabled and enabled again without a restart, and stays so after one', async () => {
    let upstreams = await cellar.open()
    await upstreams.add(wish('a'))
    await upstreams.disable('a')
    expect(upstreams.states()).toMatchObject([{ isEnabled: false }])
    expect(upstreams.unavailable('a')).toBeDefined()
    upstreams = await cellar.open()
    expect(upstreams.states()).toMatchObject([{ isEnabled: false }])
    await upstreams.enable('a')
    expect(upstreams.unavailable('a')).toBeUndefined()
    expect(await rows()).toMatchObject([{ is_enabled: 1n }])
  })

  test('lets its running calls end when it is removed, and takes no more', async () => {
    const upstreams = await cellar.open()
    await upstreams.add(wish('a'))
    await expect.poll(() => upstreams.states()[0]?.models.length).toBe(2)
    let finish = nothing
    shop.answer = (_, res) => {
      res.write('{')
      finish = () => void res.end('}')
    }
    const running = call(upstreams, 'a')
    await expect.poll(() => shop.seen.length).toBe(2)
    await upstreams.remove('a')
    expect(upstreams.states()).toEqual([])
    expect(upstreams.withoutKey('a', 'with sk-a-secret')).toBe('with [key]')
    expect(await call(upstreams, 'a')).toBe(0)
    finish()
    expect(await running).toBe(200)
    expect(shop.seen).toHaveLength(2)
    await expect.poll(() => upstreams.withoutKey('a', 'with sk-a-secret')).toBe('with sk-a-secret')
  })

  test('takes its list and its rules along when it is removed, and no other’s', async () => {
    let upstreams = await cellar.open()
    await upstreams.add(wish('a'))
    await upstreams.setRule({ upstreamId: 'a', model: 'm1', alias: 'x' })
    await upstreams.setRule({ upstreamId: '*', model: 'm1', isEnabled: false })
    await upstreams.remove('a')
    expect(upstreams.rules()).toMatchObject([{ upstreamId: '*' }])
    upstreams = await cellar.open()
    expect(upstreams.rules()).toMatchObject([{ upstreamId: '*', model: 'm1', isEnabled: false }])
    await upstreams.add({ ...wish('a'), url: 'http://127.0.0.1:9/v1' })
    expect(upstreams.states()).toMatchObject([{ models: [], modelsAt: undefined }])
  })

  test('is refused with a sentence when it cannot be used, and nothing is kept of it', async () => {
    const upstreams = await cellar.open()
    await upstreams.add(wish('a'))
    const invalid = { code: 'upstream_invalid' }
    await expect(upstreams.add(wish('a'))).rejects.toMatchObject({
      code: 'upstream_exists',
      message: expect.stringContaining('to change it or its key, remove it and add it anew'),
    })
    await expect(upstreams.add({ ...wish('b'), url: 'api.openai.com' })).rejects.toMatchObject(invalid)
    await expect(upstreams.add({ ...wish('b'), type: 'opnai' })).rejects.toThrow(
      /must be auto or one of .*openai/,
    )
    await expect(upstreams.add({ ...wish('b'), key: 'sk-hidden\n' })).rejects.toThrow(/^(?!.*hidden)/)
    await expect(upstreams.add({ ...wish('b'), marginBp: -1 })).rejects.toMatchObject(invalid)
    await expect(upstreams.add({ ...wish('b'), prices: ' ' })).rejects.toMatchObject(invalid)
    await expect(upstreams.add(wish('*'))).rejects.toMatchObject(invalid)
    await expect(upstreams.disable('b')).rejects.toMatchObject({
      code: 'upstream_unknown',
      message: /There are: a/,
    })
    expect(await rows()).toHaveLength(1)
    expect(upstreams.states()).toHaveLength(1)
  })

  test('two adds of one id at once make one', async () => {
    const upstreams = await cellar.open()
    const both = await Promise.allSettled([upstreams.add(wish('a')), upstreams.add(wish('a'))])
    expect(both.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(upstreams.states()).toHaveLength(1)
  })

  test('a row that cannot be used any more does not stop the start, and says why', async () => {
    const upstreams = await cellar.open()
    await upstreams.add(wish('a'))
    await upstreams.add(wish('b'))
    await upstreams.add(wish('c'))
    await cellar.storage.transact(async (tx) => {
      await sql`UPDATE upstream SET type = 'gone' WHERE id = 'a'`.execute(tablesOf<UpstreamTables>(tx))
      await sql`UPDATE upstream SET sealed_key = (SELECT sealed_key FROM upstream WHERE id = 'c') WHERE id = 'b'`.execute(
        tablesOf<UpstreamTables>(tx),
      )
    })
    const again = await cellar.open()
    expect(again.states()).toMatchObject([
      { config: { id: 'a' }, isEnabled: false, lastError: /its type must be auto or one of/ },
      { config: { id: 'b' }, isEnabled: false, lastError: /cannot be opened/ },
      { config: { id: 'c' }, isEnabled: true, lastError: undefined },
    ])
    await expect(again.enable('b')).rejects.toMatchObject({ code: 'upstream_invalid' })
    await again.remove('b')
  })

  test('what the environment says wrong does stop the start', async () => {
    await expect(cellar.open([declare('a', shop.url, { type: 'gone' })])).rejects.toMatchObject({
      code: 'upstream_invalid',
    })
  })
})

describe('the last good model list', () => {
  test('is there after a restart, before the upstream answers, and says that it is old', async () => {
    let upstreams = await cellar.open([declare('a', shop.url)])
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([{ isStale: false, modelsAt: 1_000_000 }])
    cellar.now += 5000
    shop.answer = status(500)
    upstreams = await cellar.open([declare('a', shop.url)])
    expect(upstreams.states()).toMatchObject([
      { models: [{ id: 'm1' }, { id: 'm2' }], isStale: true, modelsAt: 1_000_000, checkedAt: undefined },
    ])
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([
      { models: [{ id: 'm1' }, { id: 'm2' }], isStale: true, modelsAt: 1_000_000, checkedAt: 1_005_000 },
    ])
    shop.answer = listing('m3')
    await upstreams.refreshModels('a')
    expect(upstreams.states()).toMatchObject([
      { models: [{ id: 'm3' }], isStale: false, modelsAt: 1_005_000 },
    ])
  })

  test('of another address is not taken for that of the new one', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    await upstreams.refreshModels()
    const moved = await cellar.open([declare('a', 'http://127.0.0.1:9/v1')])
    expect(moved.states()).toMatchObject([{ models: [], isStale: false }])
  })

  test('is asked for again soon after a look that failed', async () => {
    shop.answer = status(503)
    const upstreams = await cellar.open([declare('a', shop.url)], { pauses: { firstMs: 20, after: 99 } })
    await upstreams.refreshModels()
    expect(upstreams.states()).toMatchObject([{ models: [], lastError: 'it answered 503' }])
    shop.answer = listing('m1')
    await expect.poll(() => upstreams.states()[0]?.models.length).toBe(1)
  })
})
