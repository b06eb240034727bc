import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { runChild, startChild } from '../faults/support/child-node.ts'
import { ask, jsonOf, wordsOf } from '../faults/support/caller.ts'
import { faultsOf } from '../faults/support/books.ts'
import { openLab } from '../faults/support/lab.ts'
import { isUnspent } from '../faults/support/purse.ts'
import { chat } from '../faults/support/questions.ts'
import { bearer } from '../support/money-claims.ts'

describe.concurrent('a second start on the same data', () => {
  test('finds keys, aliases, balances and change as they were, and commits durably on every connection', async () => {
    await using lab = await openLab()
    const { mint } = lab
    const first = await lab.start()
    const [wallet, once] = [await mint.mintEcash(256), await mint.mintEcash(100)]
    expect((await ask(first.baseUrl, chat(bearer(wallet)))).status).toBe(200)
    const info = async (key: string) =>
      jsonOf(await ask(first.baseUrl, { method: 'GET', path: '/v1/wallet/info', headers: bearer(key) }))
    const before = await info(wallet)
    const key = String(before['api_key'])
    const paid = await ask(first.baseUrl, chat({ 'x-cashu': once }))
    const change = paid.headers.get('x-cashu') ?? ''
    expect(isUnspent(mint, change)).toBe(true)
    expect(await first.stop()).toEqual({ code: 0, signal: null })

    const app = await lab.reopen(first.baseUrl)
    expect(app.rooms.storage.durability()).toEqual([2, 2])
    expect(await info(wallet)).toEqual(before)
    expect(await info(key)).toEqual(before)
    const claimed = await ask(first.baseUrl, { path: '/v1/wallet/refund', headers: { 'x-cashu': once } })
    expect(jsonOf(claimed)['token']).toBe(change)
    expect((await ask(first.baseUrl, chat({ 'x-cashu': once }))).status).toBe(400)
    expect((await ask(first.baseUrl, chat(bearer(key)))).status).toBe(200)
    const after = await info(key)
    expect(after).toMatchObject({ total_requests: 2, reserved: 0 })
    expect(Number(after['balance'])).toBe(Number(before['balance']) - Number(before['total_spent']))
    expect(await faultsOf(app)).toEqual([])
  })

  test('is refused with a sentence while the first one runs, which is none the worse for it', async () => {
    await using lab = await openLab()
    const first = await lab.start()
    const second = await runChild({ settings: lab.settings() })
    expect(second).toMatchObject({ code: 1, signal: null })
    expect(second.output.trim()).toMatch(/^Another Farebox is using .*FAREBOX_DATA_DIR\.$/)
    const ecash = await lab.mint.mintEcash(100)
    expect((await ask(first.baseUrl, chat(bearer(ecash)))).status).toBe(200)
    await first.stop()
  })
})

describe.concurrent('SIGTERM', () => {
  test('lets live streams finish, refuses new calls meanwhile, and exits 0 with the books closed', async () => {
    await using lab = await openLab({ upstream: { behave: { delayMs: 40 } } })
    const child = await lab.start()
    const made = await ask(child.baseUrl, {
      path: '/v1/wallet/create',
      body: { cashu_token: await lab.mint.mintEcash(256) },
    })
    const headers = bearer(String(jsonOf(made)['api_key']))
    const once = { 'x-cashu': await lab.mint.mintEcash(100) }
    const running = [chat(headers, true), chat(headers, true), chat(headers), chat(once)].map((question) =>
      ask(child.baseUrl, question),
    )
    while (lab.upstream.stats.calls < 4) await delay(5)
    const ended = child.stop()
    await delay(60)
    const late = await ask(child.baseUrl, chat(headers))
    expect(late).toMatchObject({ status: 503 })
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    const get = (path: string) => ask(child.baseUrl, { method: 'GET', path })
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503])
    const seen = await Promise.all(running)
    expect(seen.map(({ kind, status }) => [kind, status])).toEqual(running.map(() => ['answer', 200]))
    for (const each of seen) expect(wordsOf(each)).toContain('forty-two')
    expect(seen.filter(({ text }) => text.endsWith('data: [DONE]\n\n'))).toHaveLength(2)
    expect(seen[3]?.headers.get('x-cashu')).toMatch(/^cashuB/)
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(await faultsOf(await lab.reopen(child.baseUrl))).toEqual([])
  })

  test('cuts what has not finished in time, charges what was delivered, and exits 0', async () => {
    await using lab = await openLab({ upstream: { behave: 'hang_mid_stream' } })
    const child = await startChild({ settings: lab.settings({ SHUTDOWN_GRACE: '1' }) })
    const ecash = await lab.mint.mintEcash(100)
    const running = ask(child.baseUrl, chat({ 'x-cashu': ecash, 'x-cashu-change': 'later' }, true))
    while (lab.upstream.stats.calls === 0) await delay(5)
    const begun = Date.now()
    expect(await child.stop()).toEqual({ code: 0, signal: null })
    expect(Date.now() - begun).toBeGreaterThan(900)
    expect(wordsOf(await running)).not.toBe('')
    const app = await lab.reopen(child.baseUrl)
    const claimed = await ask(child.baseUrl, { path: '/v1/wallet/refund', headers: { 'x-cashu': ecash } })
    expect(claimed).toMatchObject({ status: 200 })
    expect(Number(claimed.headers.get('x-routstr-cost-msats'))).toBeGreaterThan(0)
    expect(await faultsOf(app)).toEqual([])
  })
})
