import { createServer } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../../demo/index.ts'
import { perform } from '../report.ts'
import { judgeKeysets, judgeNuts, mintChecks } from './mints.ts'

const NOW = Date.parse('2026-11-25T12:00:00Z')
const look = async (mint: string): Promise<unknown> => {
  const [check] = mintChecks([mint], () => NOW)
  return check && perform(check, 5000)
}
const keyset = { id: '01', unit: 'sat', active: true, input_fee_ppk: 100 }

describe('a mint', () => {
  let mint: PlayMint
  beforeAll(async () => {
    mint = await startPlayMint({ feePpk: 100 })
  })
  afterEach(() => mint.faults.clear())
  afterAll(() => mint.close())

  test('that works says what it takes for a coin', async () => {
    expect(await look(mint.url)).toMatchObject({
      name: `mint ${new URL(mint.url).host}`,
      state: 'ok',
      found: expect.stringContaining('1 active keyset in sat, fee 100 ppk (0.1 sat a coin)'),
    })
  })

  test.each(['down', 'status_503', 'truncate'] as const)('that is %s has failed', async (fault) => {
    mint.faults.setFaults(() => fault)
    expect(await look(mint.url)).toMatchObject({
      ok: false,
      found: expect.stringMatching(/^It cannot be asked: [/\w]/),
      cure: expect.stringContaining(mint.url),
    })
  })

  test('where nothing listens has failed', async () => {
    await mint.goDown()
    expect(await look(mint.url)).toMatchObject({ ok: false, found: expect.stringMatching(/refused/) })
    await mint.comeBack()
  })

  test('of dollars has failed', async () => {
    const other = await startPlayMint({ unit: 'usd' })
    expect(await look(other.url)).toMatchObject({ ok: false, found: expect.stringMatching(/only in usd/) })
    await other.close()
  })

  test('that is a website is none', async () => {
    const site = createServer((_, response) => response.end('<!doctype html>'))
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve)
    })
    const address = site.address()
    const port = typeof address === 'object' ? address?.port : 0
    expect(await look(`http://127.0.0.1:${port}`)).toMatchObject({
      ok: false,
      found: expect.stringMatching(/no mint/),
    })
    site.close()
  })

  test('that is not set has failed', () => {
    expect(mintChecks([], () => NOW)).toMatchObject([{ name: 'mints' }])
    expect(mintChecks([], () => NOW)[0]?.look()).toMatchObject({
      state: 'failed',
      cure: expect.stringMatching(/FAREBOX_MINTS/),
    })
  })
})

describe('what a mint says of itself', () => {
  test.each([
    ['nothing', {}, 'failed'],
    ['a keyset that is not active', { keysets: [{ ...keyset, active: false }] }, 'failed'],
    ['one that ends today', { keysets: [{ ...keyset, final_expiry: NOW / 1000 + 3600 }] }, 'failed'],
    ['one that ends next year', { keysets: [{ ...keyset, final_expiry: NOW / 1000 + 3e7 }] }, 'ok'],
    ['one without a fee', { keysets: [{ ...keyset, input_fee_ppk: undefined }] }, 'ok'],
    ['junk beside a good one', { keysets: [null, 7, keyset] }, 'ok'],
  ])('%s is judged by its keysets', (_, json, state) => {
    expect(judgeKeysets(json, NOW)).toMatchObject({ state })
  })

  test.each([
    [[7, 9, 10, 11, 12], 'ok', ''],
    [[7, 9, 10, 11], 'warning', 'NUT-12'],
    [[9, 10, 11, 12], 'failed', 'NUT-07'],
    [[7, 10, 11, 12], 'failed', 'NUT-09'],
    [[], 'failed', 'NUT-07 and NUT-09'],
  ])('with the NUTs %j it is %s', (nuts, state, named) => {
    const json = { nuts: Object.fromEntries(nuts.map((nut) => [nut, { supported: true }])) }
    expect(judgeNuts(json)).toMatchObject({ state, found: expect.stringContaining(named) })
  })
})
