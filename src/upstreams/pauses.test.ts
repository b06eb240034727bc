import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call, Cellar, declare, listing, openShop, type Shop, status } from './__fixtures__/shops.ts'
import type { Upstreams } from './index.ts'

let cellar: Cellar
let shop: Shop
beforeEach(async () => {
  cellar = new Cellar()
  shop = await openShop(listing('m'))
})
afterEach(async () => {
  await cellar[Symbol.asyncDispose]()
  await shop.close()
})

const nothing = (): void => undefined
const FAST = { after: 3, firstMs: 60, maxMs: 200 }

async function fail(upstreams: Upstreams, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await call(upstreams, 'a')
}

function names(): string[] {
  return cellar.events.map(({ event }) => event)
}

function posts(): number {
  return shop.seen.filter(({ method }) => method === 'POST').length
}

/** Calls are answered by `calls`, looks at the list by `lists`. */
function answers(calls: Shop['answer'], lists: Shop['answer'] = listing('m')): void {
  shop.answer = (req, res) => (req.method === 'GET' ? lists : calls)(req, res)
}

describe('an upstream is paused', () => {
  test.each([401, 402, 403, 500, 503, 307])(
    'after three calls in a row that it answers with %i',
    async (code) => {
      const upstreams = await cellar.open([declare('a', shop.url)])
      answers(status(code))
      await fail(upstreams, 2)
      expect(upstreams.unavailable('a')).toBeUndefined()
      const before = upstreams.states()
      await fail(upstreams, 1)
      expect(upstreams.unavailable('a')).toEqual({ retryAfterS: 30, isLimited: false })
      expect(upstreams.states()).not.toBe(before)
      expect(upstreams.states()).toMatchObject([
        { pausedUntil: 1_030_000, lastError: expect.stringContaining(`it answered ${code}`) },
      ])
      expect(names()).toEqual(['upstream_paused'])
    },
  )

  test('when nobody is there, or nothing comes back', async () => {
    answers((_, res) => void res.destroy())
    const timeouts = { wholeFirstByteMs: 30 }
    let upstreams = await cellar.open([declare('a', shop.url)], { timeouts })
    await fail(upstreams, 3)
    expect(upstreams.states()).toMatchObject([{ lastError: expect.stringMatching(/^reset: /) }])
    answers(() => undefined)
    upstreams = await cellar.open([declare('a', shop.url)], { timeouts })
    await fail(upstreams, 3)
    expect(upstreams.states()).toMatchObject([{ lastError: 'timeout: no first byte after 30 ms' }])
    upstreams = await cellar.open([declare('a', 'http://127.0.0.1:9/v1')])
    await fail(upstreams, 3)
    expect(upstreams.states()).toMatchObject([{ lastError: expect.stringMatching(/^unreachable: /) }])
  })

  test('by looks at its list too, which are made again by themselves', async () => {
    answers(status(200), status(500))
    const upstreams = await cellar.open([declare('a', shop.url)], { pauses: { after: 2, firstMs: 20 } })
    await upstreams.refreshModels()
    expect(upstreams.unavailable('a')).toBeUndefined()
    await expect.poll(() => upstreams.states()[0]?.pausedUntil).toBeDefined()
  })

  test('and its key is in neither the state nor the log', async () => {
    answers((_, res) => void res.writeHead(401).end('Incorrect API key sk-a-secret'))
    const upstreams = await cellar.open([declare('a', shop.url)])
    await fail(upstreams, 3)
    expect(JSON.stringify([cellar.events, upstreams.states()[0]?.lastError])).not.toContain('secret')
  })
})

describe('an upstream is not paused', () => {
  test.each([400, 404, 413, 422, 409])('by what its caller did wrong (%i), however often', async (code) => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    answers(status(code))
    await fail(upstreams, 10)
    expect(upstreams.unavailable('a')).toBeUndefined()
    expect(names()).toEqual([])
  })

  test('by faults with a good call between them', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    for (const code of [500, 500, 200, 500, 500, 200, 500]) {
      answers(status(code))
      await fail(upstreams, 1)
    }
    expect(upstreams.unavailable('a')).toBeUndefined()
  })

  test('by callers who hang up, before or after the call is on its way', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    answers((_, res) => void res.write('x'))
    const order = { upstreamId: 'a', path: '/x', body: Buffer.from('{}'), stream: true }
    for (let i = 0; i < 4; i += 1) {
      let abort = nothing
      await upstreams.send(order, {
        start: (control) => (abort = () => control.abort()),
        head: () => abort(),
        piece: () => undefined,
      })
      await upstreams.send(order, {
        start: (control) => control.abort(),
        head: () => undefined,
        piece: () => undefined,
      })
    }
    expect(upstreams.unavailable('a')).toBeUndefined()
  })

  test('by readers who take all the time that a call has', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)], { timeouts: { totalMs: 40, idleMs: 30 } })
    answers((_, res) => void res.write('x'))
    for (let i = 0; i < 4; i += 1) {
      let pause = nothing
      await upstreams.send(
        { upstreamId: 'a', path: '/x', body: Buffer.from('{}'), stream: true },
        { start: (control) => (pause = () => control.pause()), head: () => pause(), piece: () => undefined },
      )
    }
    expect(upstreams.unavailable('a')).toBeUndefined()
  })

  test('for having no list to show, which says nothing of its calls', async () => {
    answers(status(200), status(404))
    const upstreams = await cellar.open([declare('a', shop.url)], { pauses: FAST })
    for (let i = 0; i < 5; i += 1) await upstreams.refreshModels()
    expect(upstreams.unavailable('a')).toBeUndefined()
    expect(names()).not.toContain('upstream_paused')
  })
})

describe('a pause ends', () => {
  test('with a look at the list; then one more fault pauses twice as long, up to a bound', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)], { pauses: FAST })
    answers(status(500))
    await fail(upstreams, 3)
    const lengths = [pauseMs(upstreams)]
    for (let i = 0; i < 3; i += 1) {
      await expect.poll(() => upstreams.unavailable('a')).toBeUndefined()
      await fail(upstreams, 1)
      lengths.push(pauseMs(upstreams))
    }
    expect(lengths).toEqual([60, 120, 200, 200])

    await expect.poll(() => upstreams.unavailable('a')).toBeUndefined()
    answers(status(200))
    await fail(upstreams, 1)
    expect(upstreams.states()).toMatchObject([{ lastError: undefined, pausedUntil: undefined }])
    answers(status(500))
    await fail(upstreams, 2)
    expect(upstreams.unavailable('a')).toBeUndefined()
    await fail(upstreams, 1)
    expect(pauseMs(upstreams)).toBe(60)
  })

  test('not while the list cannot be had: the upstream is tried by its list, not by callers', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)], { pauses: { ...FAST, firstMs: 20 } })
    answers(status(500), status(500))
    await fail(upstreams, 3)
    const calls = shop.seen.length
    await expect.poll(() => names().filter((name) => name === 'upstream_paused').length).toBeGreaterThan(2)
    expect(shop.seen.slice(calls).every(({ method }) => method === 'GET')).toBe(true)
    expect(names()).not.toContain('upstream_resumed')
  })

  test.each([
    ['whose key may not list', 'generic', 403],
    ['without a list', 'azure', 404],
  ])('by one call at a time at an upstream %s', async (_, type, listStatus) => {
    const upstreams = await cellar.open([declare('a', shop.url, { type })], {
      pauses: { ...FAST, firstMs: 20 },
    })
    answers(status(500), status(listStatus))
    await fail(upstreams, 3)
    await expect.poll(() => upstreams.unavailable('a')).toBeUndefined()
    let finish = nothing
    answers((_req, res) => void (finish = () => void res.end('{}')), status(listStatus))
    const before = posts()
    const trial = call(upstreams, 'a')
    expect(upstreams.unavailable('a')).toEqual({ retryAfterS: 5, isLimited: false })
    await expect.poll(posts).toBe(before + 1)
    finish()
    expect(await trial).toBe(200)
    expect(upstreams.unavailable('a')).toBeUndefined()
    expect(upstreams.states()).toMatchObject([{ pausedUntil: undefined }])
  })

  test('with a call under way that ends well: not the upstream, but some calls were at fault', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    let finish = nothing
    answers((_, res) => void (finish = () => void res.end('{}')))
    const good = call(upstreams, 'a')
    await expect.poll(posts).toBe(1)
    answers(status(500))
    await fail(upstreams, 3)
    expect(upstreams.unavailable('a')).toBeDefined()
    finish()
    expect(await good).toBe(200)
    expect(upstreams.unavailable('a')).toBeUndefined()
  })

  test('also for a trial whose caller was at fault: the next one tries', async () => {
    const upstreams = await cellar.open([declare('a', shop.url, { type: 'azure' })], {
      pauses: { ...FAST, firstMs: 20 },
    })
    answers(status(500))
    await fail(upstreams, 3)
    await expect.poll(() => upstreams.unavailable('a')).toBeUndefined()
    answers(status(400))
    await fail(upstreams, 1)
    expect(upstreams.unavailable('a')).toBeUndefined()
    answers(status(500))
    await fail(upstreams, 1)
    expect(upstreams.unavailable('a')).toMatchObject({ isLimited: false })
  })
})

describe('an upstream that asks us to slow down', () => {
  test('gets no calls for as long as it said, and not longer than the longest pause', async () => {
    const upstreams = await cellar.open([declare('a', shop.url)])
    answers(status(429, { 'retry-after': '7' }))
    const before = upstreams.states()
    await fail(upstreams, 1)
    expect(upstreams.unavailable('a')).toEqual({ retryAfterS: 7, isLimited: true })
    // Prices and offers must not move with every such answer.
    expect(upstreams.states()).toBe(before)
    cellar.now += 6999
    expect(upstreams.unavailable('a')).toEqual({ retryAfterS: 1, isLimited: true })
    cellar.now += 1
    expect(upstreams.unavailable('a')).toBeUndefined()
    answers(status(429, { 'retry-after': '999999' }))
    await fail(upstreams, 1)
    expect(upstreams.unavailable('a')).toEqual({ retryAfterS: 600, isLimited: true })
  })

  test.each([undefined, 'Wed, 25 Nov 2026 20:00:00 GMT', '-3', 'soon'])(
    'without a number of seconds (%s) gets the next call at once',
    async (text) => {
      const upstreams = await cellar.open([declare('a', shop.url)])
      answers(status(429, text === undefined ? {} : { 'retry-after': text }))
      await fail(upstreams, 5)
      expect(upstreams.unavailable('a')).toBeUndefined()
    },
  )
})

test('nobody is paused where that is turned off', async () => {
  const upstreams = await cellar.open([declare('a', shop.url)], { pauses: 'off' })
  answers(status(500))
  await fail(upstreams, 10)
  answers(status(429, { 'retry-after': '7' }))
  await fail(upstreams, 1)
  expect(upstreams.unavailable('a')).toBeUndefined()
})

test('asking whether an upstream can be used costs next to nothing', async () => {
  const upstreams = await cellar.open([declare('a', shop.url)])
  const began = performance.now()
  for (let i = 0; i < 100_000; i += 1) upstreams.unavailable('a')
  expect((performance.now() - began) / 100_000).toBeLessThan(0.002)
})

function pauseMs(upstreams: Upstreams): number {
  return (upstreams.states()[0]?.pausedUntil ?? 0) - cellar.now
}
