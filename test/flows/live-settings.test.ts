import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { bearer, problemIn, redeem, untilKnown } from '../support/money-claims.ts'
import { balanceOf, chargeOf, expectBalancedBooks, openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const AT_10_PERCENT = chargeOf({ input: 10, output: 20 })
// 13.5 msat before the margin.
const AT_100_PERCENT = 27
const messages = [{ role: 'user', content: 'Tell me of trains' }]
const ask = { model: 'gpt-4o-mini', messages, max_tokens: 50 }

let node: TestNode
let key: string
beforeAll(async () => {
  const unset = { mints: undefined, marginBp: undefined, btcUsd: undefined }
  node = await startTestNode({
    feePpk: 0,
    upstream: { answer: () => ANSWER },
    app: { ...unset, feeds: [], environment: new Map([['DESCRIPTION', 'Set from outside']]) },
  })
})
afterAll(() => node[Symbol.asyncDispose]())

const apply = (edits: Record<string, string | null>) => node.app.rooms.settings.apply(edits)
const chat = (credential = key, more: object = {}): Promise<TestReply> =>
  node.post('/v1/chat/completions', { ...ask, ...more }, bearer(credential))
const shownPrice = async (): Promise<unknown> => {
  const { pricing } = await node.get('/v1/models/gpt-4o-mini')
  return pricing
}

/** Streams a call, does something once its first piece is here, and reads it to its end. @returns its charge in msat */
async function streamAround(meanwhile: () => Promise<unknown>): Promise<number> {
  const before = await balanceOf(node, key)
  const response = await fetch(`${node.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify({ ...ask, stream: true }),
  })
  const reader = response.body?.getReader()
  if (!reader) throw new Error('a stream has a body')
  let piece = await reader.read()
  expect(piece.done).toBe(false)
  await meanwhile()
  let later = 0
  while (!piece.done) {
    piece = await reader.read()
    later += 1
  }
  expect(later).toBeGreaterThan(2)
  return before - (await balanceOf(node, key))
}

/** What became of a field that is not one of the usual ones: what the caller is told, and whether it went up. */
async function sendOddField(): Promise<unknown[]> {
  const { headers } = await chat(key, { seed_pool: 7 })
  const sent = node.upstream.requests.at(-1)?.body ?? ''
  return [headers.get('x-farebox-dropped'), sent.includes('seed_pool')]
}

describe('a node that was started with nothing', () => {
  test('sells as soon as it was told how, without a restart', async () => {
    const { mint } = node
    expect(node.app.rooms.reasonsNotReady()).toHaveLength(2)
    expect(problemIn(await chat('nothing'))).toMatchObject({ status: 503, code: 'rate_unavailable' })
    await apply({ MINTS: mint.url, MARGIN: '10%', BTC_USD: '100000' })
    expect(node.app.rooms.reasonsNotReady()).toEqual([])
    await expect.poll(() => node.app.rooms.cashu.mints()).toEqual([mint.url])
    key = await openWallet(node, 500)
    const before = await balanceOf(node, key)
    expect((await chat()).status).toBe(200)
    expect(before - (await balanceOf(node, key))).toBe(AT_10_PERCENT)
  })
})

describe('a change of the margin', () => {
  test('leaves a running stream at the price it began with, and the next call has the new one', async () => {
    node.upstream.behave({ delayMs: 15 })
    const shownBefore = await shownPrice()
    let shownMeanwhile: unknown
    const charge = await streamAround(async () => {
      expect(await apply({ MARGIN: '100%' })).toEqual([{ name: 'MARGIN', from: '10%', to: '100%' }])
      shownMeanwhile = await shownPrice()
    })
    expect(charge).toBe(AT_10_PERCENT)
    expect(shownMeanwhile).not.toEqual(shownBefore)
    expect(await streamAround(() => apply({ MARGIN: '10%' }))).toBe(AT_100_PERCENT)
    node.upstream.behave(undefined)
    const before = await balanceOf(node, key)
    await chat()
    expect(before - (await balanceOf(node, key))).toBe(AT_10_PERCENT)
    expect(await shownPrice()).toEqual(shownBefore)
  })
})

describe('a change of the price of bitcoin', () => {
  test('leaves a running stream at its rate; turned off, the next call is told that nothing is sold', async () => {
    node.upstream.behave({ delayMs: 15 })
    expect(await streamAround(() => apply({ BTC_USD: 'off' }))).toBe(AT_10_PERCENT)
    node.upstream.behave(undefined)
    const before = await balanceOf(node, key)
    expect(problemIn(await chat())).toMatchObject({ status: 503, code: 'rate_unavailable' })
    expect(await balanceOf(node, key)).toBe(before)
    await apply({ BTC_USD: '50000' })
    expect((await chat()).status).toBe(200)
    expect(before - (await balanceOf(node, key))).toBe(Math.ceil(13.5 * 1.1 * 2))
    await apply({ BTC_USD: '100000' })
  })
})

describe('how the node shows itself', () => {
  test('follows the settings, and what the environment sets is locked', async () => {
    await apply({ NAME: 'Corner shop', PUBLIC_URL: 'https://ai.example/x/' })
    expect(await node.get('/v1/info')).toMatchObject({
      name: 'Corner shop',
      description: 'Set from outside',
      http_url: 'https://ai.example/x',
    })
    await expect(apply({ NAME: 'Other', DESCRIPTION: 'Mine' })).rejects.toMatchObject({
      code: 'setting_locked_by_environment',
    })
    await apply({ PUBLIC_URL: null })
    expect(await node.get('/v1/info')).toMatchObject({ name: 'Corner shop', http_url: null })
  })

  test('a field that is allowed now goes up with the next request', async () => {
    expect(await sendOddField()).toEqual(['seed_pool', false])
    await apply({ ALLOW_FIELDS: 'other, seed_pool' })
    expect(await sendOddField()).toEqual([null, true])
    await apply({ ALLOW_FIELDS: null })
    expect(await sendOddField()).toEqual(['seed_pool', false])
  })
})

describe('a change of the mints', () => {
  let second: PlayMint
  beforeAll(async () => {
    second = await startPlayMint({ feePpk: 0 })
  })
  afterAll(() => second.close())

  test('takes ecash of the one that was added', async () => {
    const ecash = await second.mintEcash(100)
    expect(problemIn(await chat(ecash))).toMatchObject({ code: 'cashu_untrusted_source_mint' })
    await apply({ MINTS: `${node.mint.url},${second.url}` })
    await expect.poll(() => node.app.rooms.cashu.mints()).toEqual([node.mint.url, second.url])
    expect((await chat(ecash)).status).toBe(200)
    expect(await node.get('/v1/info')).toMatchObject({ mints: [node.mint.url, second.url] })
  })

  test('takes no new ecash of the one that was removed, and all else of it goes on', async () => {
    const { mint } = node
    const [known, early] = [await mint.mintEcash(200), await mint.mintEcash(64)]
    const owned = await openWallet(node, 300)
    expect((await chat(known)).status).toBe(200)
    await mint.goDown()
    expect(problemIn(await chat(early))).toMatchObject({ status: 503 })

    await apply({ MINTS: second.url })
    expect(node.app.rooms.cashu.mints()).toEqual([second.url])
    await mint.comeBack()
    const refused = problemIn(await chat(await mint.mintEcash(100)))
    expect(refused).toMatchObject({ status: 400, code: 'cashu_untrusted_source_mint' })
    expect(refused.details).toMatchObject({ mints: [second.url] })
    // What was under way when it went is found out and credited; a name of a wallet stays one.
    expect((await untilKnown(() => chat(early))).status).toBe(200)
    expect((await chat(known)).status).toBe(200)
    const paid = await node.post('/v1/wallet/refund', '', bearer(owned))
    expect(paid).toMatchObject({ status: 200 })
    expect(await redeem(mint, String(paid.body['token']))).toBe(300)
    await expectBalancedBooks(node)
  })

  test('is kept over a restart, and a removed mint still pays out then', async () => {
    const before = await balanceOf(node, key)
    const again = await node.restart()
    expect(again.app.rooms.cashu.mints()).toEqual([second.url])
    expect(await balanceOf(again, key)).toBe(before)
    const paid = await again.post('/v1/wallet/refund', '', bearer(key))
    expect(await redeem(node.mint, String(paid.body['token']))).toBe(Math.floor(before / 1000))
    await expectBalancedBooks(again)
    node = again
  })
})
