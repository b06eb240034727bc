import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  balanceOf,
  chargeOf,
  eventsOf,
  expectBalancedBooks,
  openWallet,
  satsIn,
} from '../support/paid-calls.ts'
import { listening } from '../support/listening.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const ANSWER = Array.from({ length: 20 }, () => 'word').join(' ')
const REPORTED = chargeOf({ input: 10, output: 20 })
const messages = [{ role: 'user', content: 'Tell me of trains' }]
const ask = { model: 'gpt-4o-mini', messages, max_tokens: 50 }

let node: TestNode
beforeAll(async () => {
  node = await startTestNode({ upstream: { answer: () => ANSWER } })
})
afterAll(() => node[Symbol.asyncDispose]())

function post(body: object, headers: Record<string, string>): Promise<Response> {
  return fetch(`${node.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

describe('the usage chunk', () => {
  test('is not sent to a caller who did not ask for it, though the upstream was asked', async () => {
    const key = await openWallet(node, 100)
    const response = await post({ ...ask, stream: true }, { authorization: `Bearer ${key}` })
    const text = await response.text()
    expect(text).not.toContain('"usage"')
    const events = eventsOf(text)
    expect(events.filter((event) => event === '[DONE]')).toHaveLength(1)
    for (const event of events.slice(0, -1)) expect(event).toMatchObject({ choices: [{}] })
    expect(JSON.parse(node.upstream.requests.at(-1)?.body ?? '')).toMatchObject({
      stream_options: { include_usage: true },
    })
  })

  test('carries the cost to a caller who asked for it, last before the one [DONE]', async () => {
    const key = await openWallet(node, 100)
    const response = await post(
      { ...ask, stream: true, stream_options: { include_usage: true } },
      { authorization: `Bearer ${key}` },
    )
    const events = eventsOf(await response.text())
    expect(events.indexOf('[DONE]')).toBe(events.length - 1)
    expect(events.at(-2)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 20,
        total_tokens: 30,
        cost: { total_msats: REPORTED, remaining_balance_msats: await balanceOf(node, key) },
        cost_sats: REPORTED / 1000,
      },
    })
  })

  test('carries the estimate where the upstream said nothing', async () => {
    const key = await openWallet(node, 100)
    node.upstream.behave('usage_absent')
    const response = await post(
      { ...ask, stream: true, stream_options: { include_usage: true } },
      { authorization: `Bearer ${key}` },
    )
    node.upstream.behave(undefined)
    expect(eventsOf(await response.text()).at(-2)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 6,
        completion_tokens: 25,
        cost: { total_msats: chargeOf({ input: 6, output: 25 }) },
      },
    })
  })
})

describe('a stream', () => {
  test('ends after the money is settled: the balance is final at its last byte', async () => {
    const key = await openWallet(node, 100)
    let expected = await balanceOf(node, key)
    for (let i = 0; i < 10; i += 1) {
      const response = await post({ ...ask, stream: true }, { authorization: `Bearer ${key}` })
      await response.text()
      expected -= REPORTED
      expect(await balanceOf(node, key)).toBe(expected)
    }
  })

  test('tells proxies not to keep it back', async () => {
    const key = await openWallet(node, 100)
    const response = await post({ ...ask, stream: true }, { authorization: `Bearer ${key}` })
    await response.text()
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  test('leaves piece by piece, as the upstream sends it', async () => {
    const key = await openWallet(node, 100)
    node.upstream.behave('hang_mid_stream')
    const response = await post({ ...ask, stream: true }, { authorization: `Bearer ${key}` })
    node.upstream.behave(undefined)
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(Buffer.from(first?.value ?? []).toString()).toContain('assistant')
    // The upstream hangs, and its call is still running.
    expect(node.app.rooms.heartbeat.running).toBe(1)
    await reader?.cancel()
    await expect.poll(() => node.app.rooms.heartbeat.running).toBe(0)
  })
})

describe('change later', () => {
  test('streams live, with the payment id in the head and the change in the last chunk', async () => {
    const ecash = await node.mint.mintEcash(100)
    const response = await post({ ...ask, stream: true }, { 'x-cashu': ecash, 'x-cashu-change': 'later' })
    const id = response.headers.get('x-farebox-payment-id')
    expect(id).toBeTruthy()
    expect(response.headers.get('x-cashu')).toBeNull()
    const events = eventsOf(await response.text())
    expect(events.indexOf('[DONE]')).toBe(events.length - 1)
    const last = events.at(-2)
    expect(last).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 20, cost: { total_msats: REPORTED } },
      farebox: { payment_id: id, change: expect.stringMatching(/^cashuB/) },
    })
    const claimed = await node.post('/v1/balance/refund', {}, { 'x-cashu': ecash })
    expect(last).toMatchObject({ farebox: { change: claimed.body['token'] } })
    expect(satsIn(String(claimed.body['token']))).toBe(98)
    await expectBalancedBooks(node)
  })

  test('of a call that failed is not in the error, but at the refund route', async () => {
    const ecash = await node.mint.mintEcash(100)
    node.upstream.behave('status_503')
    const response = await post({ ...ask, stream: true }, { 'x-cashu': ecash, 'x-cashu-change': 'later' })
    node.upstream.behave(undefined)
    expect(response.status).toBe(424)
    expect(response.headers.get('x-cashu')).toBeNull()
    expect(await response.json()).toMatchObject({ error: { code: 'UPSTREAM_UNAVAILABLE' } })
    const claimed = await node.post('/v1/wallet/refund', {}, { 'x-cashu': ecash })
    expect(satsIn(String(claimed.body['token']))).toBe(99)
  })
})

/**
 * The output limit of a wallet with 7,000 msat: 6,363,636,363 pico-USD without margin. The input is bounded by its bytes
 * (47), or by a closer count of its tokens, which the upstream takes for 10.
 */
const limitFor = (input: number): number => Math.floor((6_363_636_363 - input * 150_000) / 600_000)

describe('a wallet smaller than the ceiling', () => {
  const large = { ...ask, max_tokens: 16_000 }

  test('has its output limit lowered, upstream and in the head', async () => {
    const key = await openWallet(node, 8)
    const response = await post(large, { authorization: `Bearer ${key}` })
    await response.text()
    expect(response.status).toBe(200)
    const sent = Number(JSON.parse(node.upstream.requests.at(-1)?.body ?? '').max_tokens)
    expect(response.headers.get('x-farebox-clamped')).toBe(`max_tokens=${sent}`)
    expect(sent).toBeGreaterThanOrEqual(limitFor(47))
    expect(sent).toBeLessThanOrEqual(limitFor(10))
    expect(await balanceOf(node, key)).toBe(7000 - REPORTED)
  })

  test('is refused with X-Farebox-Clamp: no, and the upstream is not asked', async () => {
    const key = await openWallet(node, 8)
    const before = node.upstream.stats.calls
    const reply = await node.post('/v1/chat/completions', large, {
      authorization: `Bearer ${key}`,
      'x-farebox-clamp': 'no',
    })
    const required = Number(reply.body['amount_required_msat'])
    expect(reply).toMatchObject({
      status: 402,
      body: {
        error: {
          code: 'insufficient_balance',
          message: expect.stringContaining(`needs ${required} msat; the wallet has 7000 msat free`),
          details: { minimum_msat: required, available_msat: 7000 },
        },
      },
    })
    expect(required).toBeGreaterThanOrEqual(chargeOf({ input: 10, output: 16_000 }))
    expect(required).toBeLessThanOrEqual(chargeOf({ input: 47, output: 16_000 }))
    expect(node.upstream.stats.calls).toBe(before)
    expect(await balanceOf(node, key)).toBe(7000)
  })

  test('is served unclamped with X-Farebox-Clamp: no once it has what was required', async () => {
    const key = await openWallet(node, 12)
    const reply = await node.post('/v1/chat/completions', large, {
      authorization: `Bearer ${key}`,
      'x-farebox-clamp': 'no',
    })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('x-farebox-clamped')).toBeNull()
    expect(await balanceOf(node, key)).toBe(11_000 - REPORTED)
  })
})

describe('a slow reader', () => {
  const EVENT = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'a' } }], pad: 'x'.repeat(64 * 1024) })}\n\n`
  const EVENTS = 800
  const STALLED_MAX = 24 * 1024 * 1024

  test('slows the upstream down: what he has not read is not kept in the node', async () => {
    const sent = { bytes: 0 }
    await using upstream = await listening(
      createServer((incoming, outgoing) => void answer(incoming, outgoing, sent)),
    )
    const main = {
      id: 'main',
      type: 'openai',
      key: undefined,
      prices: 'openai',
      marginBp: undefined,
      order: 0,
    }
    await using slow = await startTestNode({
      app: { upstreams: [{ ...main, url: `${upstream.url}/v1` }] },
    })
    const key = await openWallet(slow, 100)
    const response = await startReading(slow, key)
    response.pause()
    const stalledAt = await untilStalled(sent)
    expect(stalledAt).toBeLessThan(STALLED_MAX)
    // Longer than the idle timeout: a pause that the reader caused is no silence of the upstream.
    await pause(1000)
    expect(sent.bytes).toBe(stalledAt)
    let read = 0
    let end = ''
    for await (const chunk of response) {
      read += Buffer.byteLength(chunk)
      end = `${end}${chunk}`.slice(-20)
    }
    expect(read).toBeGreaterThan(EVENTS * EVENT.length)
    expect(end.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(100_000 - 1000 - (await balanceOf(slow, key))).toBe(chargeOf({ input: 6, output: EVENTS / 4 }))
  })

  async function answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    sent: { bytes: number },
  ): Promise<void> {
    if (incoming.method === 'GET') return void outgoing.end(JSON.stringify({ data: [{ id: 'gpt-4o-mini' }] }))
    outgoing.setHeader('content-type', 'text/event-stream')
    for (let i = 0; i < EVENTS; i += 1) {
      sent.bytes += EVENT.length
      if (!outgoing.write(EVENT)) await once(outgoing, 'drain')
    }
    outgoing.end('data: [DONE]\n\n')
  }
})

async function startReading(slow: TestNode, key: string): Promise<IncomingMessage> {
  const outgoing = request(`${slow.baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
  })
  outgoing.end(JSON.stringify({ ...ask, max_tokens: 1000, stream: true }))
  const [response]: unknown[] = await once(outgoing, 'response')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `response` brings
  return response as IncomingMessage
}

async function untilStalled(sent: { bytes: number }): Promise<number> {
  for (let last = -1; last !== sent.bytes;) {
    last = sent.bytes
    await pause(200)
  }
  return sent.bytes
}
