import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { App } from '../../src/app.ts'
import { readBooks } from '../../src/books.ts'
import { ask, jsonOf } from './support/caller.ts'
import { coinsOf } from './support/purse.ts'
import { copyFixture, type Fixture } from './support/fixture.ts'
import { appOptions } from './support/options.ts'

const HOUR_MS = 3_600_000

/** Today's code on an old node's data, an hour after that node died; its mint and its upstream are gone. */
async function openOld({ dataDir, facts }: Fixture): Promise<{ app: App; baseUrl: string }> {
  const options = appOptions({ dataDir, mint: { url: facts.mint }, upstream: { url: facts.upstream } })
  const start = Date.now()
  const clock = { now: () => facts.madeAt + HOUR_MS + (Date.now() - start) }
  const app = await App.open({ ...options, clock, mintTimeoutMs: 500 })
  return { app, baseUrl: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

const balance = async (baseUrl: string, key: string): Promise<number> => {
  const headers = { authorization: `Bearer ${key}` }
  const info = jsonOf(await ask(baseUrl, { method: 'GET', path: '/v1/wallet/info', headers }))
  expect(info).toMatchObject({ reserved: 0 })
  return Number(info['balance'])
}

describe.each([1])('a database of schema %i, left by a kill -9 with money in it', (schema) => {
  test('is brought up to date, with a copy of it beside, and its books balance', async () => {
    using old = copyFixture(schema)
    const { app } = await openOld(old)
    await using _ = app
    expect(await readBooks(app.rooms)).toMatchObject({ differences: [], isBalanced: true })
    const copy = `farebox.db.before-${schema + 1}`
    expect(readdirSync(old.dataDir)).toContain(copy)
    expect(statSync(join(old.dataDir, copy)).mode & 0o777).toBe(0o600)
  })

  test('has the same keys with their balances; what was held is given back or charged for what was delivered', async () => {
    using old = copyFixture(schema)
    const { app, baseUrl } = await openOld(old)
    await using _ = app
    const { saver, talker } = old.facts
    expect(await balance(baseUrl, saver.key)).toBe(saver.balanceMsat)
    const left = await balance(baseUrl, talker.key)
    expect(left).toBeLessThan(talker.balanceMsat)
    expect(left).toBeGreaterThan(talker.balanceMsat - old.facts.answered.chargeMsat)
  })

  test('still pays out the change that nobody fetched, and the change it had given is given again', async () => {
    using old = copyFixture(schema)
    const { app, baseUrl } = await openOld(old)
    await using _ = app
    const { unclaimed, oneShot } = old.facts
    const refund = (ecash: string) =>
      ask(baseUrl, { path: '/v1/wallet/refund', headers: { 'x-cashu': ecash } })
    const claimed = await refund(unclaimed.ecash)
    expect(claimed).toMatchObject({ status: 200 })
    expect(claimed.headers.get('x-routstr-cost-msats')).toBe(String(unclaimed.chargeMsat))
    expect(coinsOf(String(jsonOf(claimed)['token']))).not.toHaveLength(0)
    expect(jsonOf(await refund(oneShot.ecash))['token']).toBe(oneShot.change)
    expect(await readBooks(app.rooms)).toMatchObject({ differences: [] })
  })

  test('still answers a repeated Idempotency-Key with what it had answered, for nothing', async () => {
    using old = copyFixture(schema)
    const { app, baseUrl } = await openOld(old)
    await using _ = app
    const { saver, answered } = old.facts
    const headers = { authorization: `Bearer ${saver.key}`, 'idempotency-key': saver.idempotencyKey }
    const again = await ask(baseUrl, { path: '/v1/chat/completions', headers, body: answered.request })
    expect(again.status).toBe(200)
    expect(jsonOf(again)).toEqual(answered.reply)
    expect(await balance(baseUrl, saver.key)).toBe(saver.balanceMsat)
  })
})
