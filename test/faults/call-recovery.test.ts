import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { earned, faultsOf } from './support/books.ts'
import { ask, jsonOf, type Question, wordsOf } from './support/caller.ts'
import { type ChildNode, runChild, startChild } from './support/child-node.ts'
import { type Lab, openLab } from './support/lab.ts'
import { isUnspent, redeem } from './support/purse.ts'

const BEATING = join(import.meta.dirname, 'support/beating-node.ts')
const PAID_SAT = 100
/** gpt-4o-mini costs $0.15 and $0.60 for a million tokens, in and out; a dollar is 1,000 sat here. */
const INPUT_PICO_USD = 150_000n
const OUTPUT_PICO_USD = 600_000n
const priceOf = (pico: bigint): bigint => (pico * 10n * 11_000n + 10n ** 11n - 1n) / 10n ** 11n

const startBeating = (lab: Lab, failpoint = ''): Promise<ChildNode> =>
  startChild({ script: [BEATING, lab.dataDir, lab.mint.url, lab.upstream.url, failpoint] })
const slowAnswers = { upstream: { behave: { delayMs: 30 } } } as const
const stream = (headers: Record<string, string>): Question => ({
  path: '/v1/chat/completions',
  headers,
  body: {
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Tell me of trains' }],
    max_tokens: 100,
    stream: true,
  },
})

/** A stream that was cut by the death of its node after some heartbeats, and the change that is due for it. */
async function dieInStream(lab: Lab): Promise<{ ecash: string; baseUrl: string; words: string }> {
  const child = await startBeating(lab, 'call.first-byte:16')
  const ecash = await lab.mint.mintEcash(PAID_SAT)
  const seen = await ask(child.baseUrl, stream({ 'x-cashu': ecash, 'x-cashu-change': 'later' }))
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' })
  expect(seen).toMatchObject({ kind: 'cut', status: 200 })
  expect(wordsOf(seen)).not.toBe('')
  return { ecash, baseUrl: child.baseUrl, words: wordsOf(seen) }
}

/** The charge of an orphan is an estimate of what its last heartbeat saved: some of what was delivered, and never more. */
async function expectEstimate(app: App, words: string): Promise<bigint> {
  const charge = await earned(app)
  const input = BigInt(Math.ceil('Tell me of trains'.length / 4))
  const most = BigInt(Math.ceil(words.length / 4) + 1)
  expect(charge).toBeGreaterThan(priceOf(input * INPUT_PICO_USD))
  // The estimate of the input counts what a request has besides its text.
  expect(charge).toBeLessThanOrEqual(priceOf((input + 40n) * INPUT_PICO_USD + most * OUTPUT_PICO_USD))
  return charge
}

async function expectChange(lab: Lab, args: { baseUrl: string; ecash: string; charge: bigint }) {
  const { baseUrl, ecash, charge } = args
  const claimed = await ask(baseUrl, { path: '/v1/balance/refund', headers: { 'x-cashu': ecash } })
  expect(claimed).toMatchObject({ status: 200 })
  expect(claimed.headers.get('x-routstr-cost-msats')).toBe(String(charge))
  const change = String(jsonOf(claimed)['token'])
  expect(isUnspent(lab.mint, change)).toBe(true)
  expect(await redeem(lab.mint, change)).toBe(PAID_SAT - 1 - Math.ceil(Number(charge) / 1000))
}

describe.concurrent('recovery', () => {
  test('a stream cut by a crash costs what the last heartbeat saved, as an estimate', async () => {
    await using lab = await openLab(slowAnswers)
    const { ecash, baseUrl, words } = await dieInStream(lab)
    const app = await lab.reopen(baseUrl)
    const charge = await expectEstimate(app, words)
    await expectChange(lab, { baseUrl, ecash, charge })
    expect(await faultsOf(app)).toEqual([])
  })

  test('a recovery that is killed itself is done by the next start, once', async () => {
    await using lab = await openLab(slowAnswers)
    const { ecash, baseUrl, words } = await dieInStream(lab)
    for (let i = 0; i < 2; i += 1) {
      const died = await runChild({ settings: lab.settings({ FAILPOINT: 'recovery.closing' }) })
      expect(died).toMatchObject({ code: null, signal: 'SIGKILL' })
    }
    const app = await lab.reopen(baseUrl)
    const charge = await expectEstimate(app, words)
    await expectChange(lab, { baseUrl, ecash, charge })
    expect(await faultsOf(app)).toEqual([])
  })

  test('many calls of both kinds under way at once are all closed, those with nothing delivered for nothing', async () => {
    await using lab = await openLab()
    const child = await lab.start('call.held:12')
    lab.upstream.hold()
    const made = await ask(child.baseUrl, {
      path: '/v1/wallet/create',
      body: { cashu_token: await lab.mint.mintEcash(512) },
    })
    const key = { authorization: `Bearer ${String(jsonOf(made)['api_key'])}` }
    const paid = await Promise.all(Array.from({ length: 5 }, () => lab.mint.mintEcash(PAID_SAT)))
    const payers = [...paid.map((ecash) => ({ 'x-cashu': ecash })), ...Array.from({ length: 8 }, () => key)]
    const seen = await Promise.all(payers.map((headers) => ask(child.baseUrl, stream(headers))))
    expect(seen.every(({ kind }) => kind === 'nothing')).toBe(true)
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' })
    // The connections of the dead node have to be seen gone before its gate opens.
    await delay(20)
    lab.upstream.release()
    const app = await lab.reopen(child.baseUrl)
    expect(await earned(app)).toBe(0n)
    for (const ecash of paid) await expectChange(lab, { baseUrl: child.baseUrl, ecash, charge: 0n })
    const info = await ask(child.baseUrl, { method: 'GET', path: '/v1/wallet/info', headers: key })
    expect(jsonOf(info)).toMatchObject({ balance: 511_000, reserved: 0, total_requests: 0 })
    expect(await faultsOf(app)).toEqual([])
  })
})
