import { readdirSync, readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { platform } from 'node:os'
import { join } from 'node:path'
import { getTokenMetadata } from '@cashu/cashu-ts'
import { describe, expect, test } from 'vitest'
import type { ChildNode } from '../faults/support/child-node.ts'
import { startChild } from '../faults/support/child-node.ts'
import { type Lab, openLab, UPSTREAM_KEY } from '../faults/support/lab.ts'
import { bearer } from '../support/money-claims.ts'

/** Where Linux lets a caller come from, without setting anything up. */
const CALLER_IP = platform() === 'linux' ? '127.0.0.77' : '127.0.0.1'
const PROMPT = 'promptcanary7431 asks of trains'
const ANSWER = 'answercanary9152 says that they run'
const IDENTITY = {
  'user-agent': 'agentcanary/5.1',
  'x-forwarded-for': '203.0.113.77',
  'x-real-ip': '203.0.113.78',
  forwarded: 'for=203.0.113.79',
  cookie: 'session=cookiecanary6618',
  referer: 'https://referercanary.example/page',
  origin: 'https://origincanary.example',
  'x-client-canary': 'customcanary2294',
  'x-stainless-os': 'stainlesscanary3317',
  'openai-organization': 'orgcanary8126',
}
const NAMING = Object.values(IDENTITY).map((value) => value.replace(/^.*(session=|for=|https:\/\/)/, ''))

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A request as a browser behind a proxy would send it, with everything that could name its sender. */
function ask(
  child: ChildNode,
  path: string,
  args: { headers?: object; body?: unknown } = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const sent = httpRequest(
    `${child.baseUrl}${path}`,
    {
      method: args.body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', ...IDENTITY, ...args.headers },
      ...(CALLER_IP !== '127.0.0.1' && { localAddress: CALLER_IP }),
    },
    (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      )
    },
  )
  sent.once('error', reject)
  sent.end(args.body === undefined ? undefined : JSON.stringify(args.body))
  return promise
}

const chat = (child: ChildNode, headers: object, more: object = {}): Promise<Reply> => {
  const messages = [{ role: 'user', content: PROMPT }]
  return ask(child, '/v1/chat/completions', {
    headers,
    body: { model: 'gpt-4o-mini', messages, max_tokens: 40, ...more },
  })
}

/** Every secret in an ecash: the text, and what makes each coin spendable. */
function secretsIn(ecash: string): string[] {
  return [ecash, ...getTokenMetadata(ecash).incompleteProofs.map(({ secret }) => secret)]
}

/** A word in the clear, as hex and as base64. */
function formsOf(word: string): string[] {
  const bytes = Buffer.from(word)
  return [word, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]
}

/** Which of the words stand anywhere in what the node keeps on disk, in the clear or as hex or base64. */
function foundOnDisk(dataDir: string, words: readonly string[]): string[] {
  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
  expect(files).toEqual(expect.arrayContaining(['farebox.db', 'farebox.lock', 'secret.key']))
  return files.flatMap((file) => {
    const bytes = readFileSync(join(dataDir, file))
    return words
      .filter((word) => formsOf(word).some((form) => bytes.includes(form)))
      .map((word) => `${file}: ${word}`)
  })
}

/** Everything a caller can do, well and badly; gives the credentials that he showed. */
async function visit(lab: Lab, child: ChildNode): Promise<string[]> {
  const { mint, upstream } = lab
  const [asKey, once, later, failing, added, junk] = [
    await mint.mintEcash(512),
    await mint.mintEcash(100),
    await mint.mintEcash(101),
    await mint.mintEcash(102),
    await mint.mintEcash(64),
    await mint.mintEcash(65),
  ]
  const whole = await chat(child, bearer(asKey))
  expect([whole.status, whole.text.includes(ANSWER)]).toEqual([200, true])
  const info = await ask(child, '/v1/wallet/info', { headers: bearer(asKey) })
  const key = String(JSON.parse(info.text).api_key)
  expect(key).toMatch(/^sk-/)
  expect((await chat(child, bearer(key), { stream: true })).text).toContain('[DONE]')
  expect((await chat(child, { 'x-api-key': key })).status).toBe(200)
  expect((await ask(child, `/v1/wallet/info?key=${key}`)).status).toBe(200)
  const paid = await chat(child, { 'x-cashu': once })
  expect(paid).toMatchObject({ status: 200 })
  expect(
    (await chat(child, { 'x-cashu': later, 'x-cashu-change': 'later' }, { stream: true })).text,
  ).toContain('cashuB')
  expect(
    (await ask(child, '/v1/wallet/topup', { headers: bearer(key), body: { cashu_token: added } })).status,
  ).toBe(200)
  const out = await ask(child, '/v1/wallet/withdraw', { headers: bearer(key), body: { amount: 7 } })
  const withdrawn = String(JSON.parse(out.text).cashu_token)
  upstream.behave('status_500')
  const failed = await chat(child, { 'x-cashu': failing })
  expect(failed.status).toBe(424)
  upstream.behave('cut_mid_content')
  expect((await chat(child, bearer(key), { stream: true })).status).toBe(200)
  upstream.behave(undefined)
  const cut = `${junk.slice(0, -9)}!`
  expect((await chat(child, bearer(cut))).status).toBeGreaterThanOrEqual(400)
  expect((await chat(child, bearer('sk-wrongkeycanary4471'))).status).toBe(401)
  expect((await chat(child, bearer(key), { model: 'no-such-model' })).status).toBe(404)
  expect((await chat(child, bearer(key), { max_tokens: -1 })).status).toBe(400)
  expect((await ask(child, `/v1/${PROMPT.split(' ')[0]}/x`, { headers: bearer(key) })).status).toBe(404)
  const changes = [paid.headers['x-cashu'], failed.headers['x-cashu'], withdrawn].map(String)
  for (const change of changes) expect(change).toMatch(/^cashuB/)
  const ecashes = [asKey, once, later, failing, added, ...changes]
  return [key, cut, 'sk-wrongkeycanary4471', ...ecashes.flatMap(secretsIn)]
}

describe('nobody is named', () => {
  test('prompt, answer, ecash, keys, address and headers are in no file, no log and no upstream request', async () => {
    await using lab = await openLab({ upstream: { answer: () => ANSWER } })
    const child = await startChild({ settings: lab.settings({ LOG_LEVEL: 'debug' }) })
    const credentials = await visit(lab, child)
    const named = [...NAMING, ...(CALLER_IP === '127.0.0.1' ? [] : [CALLER_IP])]
    const words = [PROMPT.split(' ')[0], ANSWER.split(' ')[0]].map(String)
    const all = [...credentials, ...named, ...words, UPSTREAM_KEY]
    expect(all.length).toBeGreaterThan(30)

    expect(foundOnDisk(lab.dataDir, all)).toEqual([])
    expect(await child.stop()).toEqual({ code: 0, signal: null })
    expect(foundOnDisk(lab.dataDir, all)).toEqual([])
    // The files and the log are the right ones: what may be known stands there.
    expect(readFileSync(join(lab.dataDir, 'farebox.db')).includes('gpt-4o-mini')).toBe(true)
    expect(child.output()).toContain('"event":"listening"')
    // A path is logged only where something unforeseen happened, so its words are looked for too.
    expect(all.filter((word) => child.output().includes(word))).toEqual([])

    const calls = lab.upstream.requests.filter(({ method }) => method === 'POST')
    expect(calls.length).toBeGreaterThanOrEqual(7)
    expect(calls.every(({ body }) => body.includes(PROMPT))).toBe(true)
    const sent = calls.map(({ path, headers, body }) => JSON.stringify({ path, headers, body }))
    const forbidden = [...credentials, ...named]
    expect(forbidden.filter((word) => sent.some((text) => text.includes(word)))).toEqual([])
  })

  const keys = [UPSTREAM_KEY, 'AIzaSyKeyCanary-0123456789_abcdefg', 'gsk_0123456789abcdefKeyCanary']
  test.each(keys)('no error body and no log line has the upstream’s key (%s)', async (upstreamKey) => {
    await using lab = await openLab({ upstream: { key: upstreamKey } })
    const child = await startChild({
      settings: lab.settings({ LOG_LEVEL: 'debug', UPSTREAM_MAIN_KEY: upstreamKey }),
    })
    const made = await ask(child, '/v1/wallet/create', {
      body: { cashu_token: await lab.mint.mintEcash(512) },
    })
    const key = String(JSON.parse(made.text).api_key)
    const replies: Reply[] = []
    for (const status of [400, 401, 402, 403, 404, 413, 422, 429, 500, 503]) {
      const message = `You sent ${upstreamKey}, or "Bearer ${upstreamKey}", and that is wrong`
      const body = JSON.stringify({ error: { message, type: 'x', param: upstreamKey, code: upstreamKey } })
      lab.upstream.behave({ instead: { status, headers: { 'x-echo': upstreamKey }, body } })
      replies.push(await chat(child, bearer(key)), await chat(child, bearer(key), { stream: true }))
    }
    await child.stop()
    expect(replies.every(({ status }) => status >= 400)).toBe(true)
    expect(
      replies.filter(({ text, headers }) => `${text}${JSON.stringify(headers)}`.includes(upstreamKey)),
    ).toEqual([])
    expect(child.output()).not.toContain(upstreamKey)
  })
})
