import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type DoctorCheck,
  type DoctorReport,
  type DoctorRooms,
  type DoctorUpstream,
  renderDoctor,
  runDoctor,
} from '../../src/admin/doctor/index.ts'
import { upstreamCost } from '../../src/catalog/index.ts'
import { systemClock } from '../../src/lib/index.ts'
import { Upstreams } from '../../src/upstreams/index.ts'
import { expectBalancedBooks } from '../support/paid-calls.ts'
import { type ProxyFault, startProxy } from '../support/proxies.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const BTC = { centsPerBtc: 10_000_000n }
let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  chmodSync(node.dataDir, 0o700)
})
afterAll(() => node[Symbol.asyncDispose]())

function upstreamOf(upstreams: Upstreams): DoctorUpstream {
  const { catalog } = node.app.rooms
  return {
    id: 'main',
    url: node.upstream.url,
    isEnabled: true,
    test: async () => {
      const { usage, ...trial } = await upstreams.test('main', catalog.cheapestAt('main'))
      const [route] = catalog.offerFor(trial.model).routes
      return { ...trial, picoUsd: usage && upstreamCost(route, usage) }
    },
  }
}

/** What a running node shows its doctor. */
function roomsOf(given: Partial<DoctorRooms> = {}): DoctorRooms {
  const { storage, boot, clock, cashu } = node.app.rooms
  return {
    dataDir: node.dataDir,
    storage,
    clock,
    node: { boot, publicUrl: node.baseUrl, address: node.baseUrl },
    mints: cashu.mints(),
    upstreams: [upstreamOf(node.app.rooms.upstreams)],
    rate: {
      refresh: async () => undefined,
      rate: () => BTC,
      current: () => ({ rate: BTC, at: clock.now(), feeds: [] }),
      feeds: () => [],
    },
    egress: [new URL(node.mint.url).host, new URL(node.upstream.url).host],
    ...given,
  }
}

function checkOf(report: DoctorReport, name: string): DoctorCheck | undefined {
  return report.checks.find((check) => check.name === name)
}

/** The names of the checks that are not well, with their states. */
function troubles({ checks }: DoctorReport): Record<string, string> {
  return Object.fromEntries(
    checks.filter(({ state }) => state !== 'ok').map(({ name, state }) => [name, state]),
  )
}

describe('the doctor of a node', () => {
  test('that works finds nothing wrong, and buys one token', async () => {
    const calls = node.upstream.stats.calls
    const report = await runDoctor(roomsOf())
    // The test machine may have a memory disk or a slow one, which is worth no more than a warning.
    expect(report.ok).toBe(true)
    expect(Object.keys(troubles(report)).filter((name) => !name.startsWith('disk'))).toEqual([])
    expect(report.checks.map(({ name }) => name)).toEqual([
      'clock',
      'disk space',
      'disk sync',
      'file modes',
      'database',
      'database integrity',
      'books',
      `mint ${new URL(node.mint.url).host}`,
      'exchange rate',
      'upstream main',
      'public address',
      'large request headers',
      'large reply headers',
      'streams',
      'egress',
    ])
    expect(checkOf(report, 'egress')?.found).toContain('2 hosts: 127.0.0.1')
    expect(renderDoctor(report)).toMatch(/15 checks passed/)
    expect(node.upstream.stats.calls).toBe(calls + 1)
    const asked = (method: string) => node.upstream.requests.findLast((one) => one.method === method)
    const bought: unknown = JSON.parse(asked('POST')?.body ?? '')
    expect(bought).toMatchObject({ model: 'gpt-4.1-nano', max_completion_tokens: 1 })
    // Whoever is asked for the time is not shown the key.
    expect(asked('GET')?.path).toBe('/v1')
    expect(asked('GET')?.headers).not.toHaveProperty('authorization')
    expect(checkOf(report, 'upstream main')?.found).toMatch(
      /One token of gpt-4.1-nano .* cost \$0\.00000\d+$/,
    )
    await expectBalancedBooks(node)
  })

  test('with a key that all may read, a clock that is wrong and a mint that is down fails by name', async () => {
    chmodSync(join(node.dataDir, 'secret.key'), 0o644)
    await node.mint.goDown()
    const clock = { now: () => Date.now() + 3_600_000 }
    const report = await runDoctor(roomsOf({ clock }))
    chmodSync(join(node.dataDir, 'secret.key'), 0o600)
    await node.mint.comeBack()
    expect(report.ok).toBe(false)
    const mint = `mint ${new URL(node.mint.url).host}`
    expect(troubles(report)).toMatchObject({ clock: 'failed', 'file modes': 'failed', [mint]: 'failed' })
    expect(report.checks.filter(({ state }) => state !== 'ok').every(({ cure }) => cure)).toBe(true)
    expect(renderDoctor(report)).toMatch(/3 of 15 checks failed/)
  })

  test('whose upstream refuses the key fails there, and the key is not in the report', async () => {
    const wrong = { id: 'main', type: 'openai', url: node.upstream.url, key: 'sk-wrong-secret-key' }
    const upstreams = new Upstreams({
      configs: [{ ...wrong, prices: 'openai', marginBp: undefined, order: 0 }],
      clock: systemClock,
    })
    const report = await runDoctor(roomsOf({ upstreams: [upstreamOf(upstreams)] }))
    await upstreams.close()
    expect(report.checks.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'upstream main', cure: expect.stringMatching(/key/) },
    ])
    expect(renderDoctor(report)).not.toContain('sk-wrong')
  })

  test('that does not run says so, and looks at the rest', async () => {
    const report = await runDoctor(roomsOf({ node: undefined }))
    expect(report.ok).toBe(true)
    expect(troubles(report)).toMatchObject({ 'public address': 'warning' })
    expect(checkOf(report, 'books')).toMatchObject({ state: 'ok' })
  })

  test('without a public URL is asked where it listens, with a warning', async () => {
    const { boot } = node.app.rooms
    const report = await runDoctor(roomsOf({ node: { boot, publicUrl: undefined, address: node.baseUrl } }))
    expect(checkOf(report, 'public address')).toMatchObject({
      state: 'warning',
      cure: expect.stringContaining('FAREBOX_PUBLIC_URL'),
    })
    expect(checkOf(report, 'streams')).toMatchObject({ state: 'ok' })
  })
})

async function behind(fault: ProxyFault, boot = node.app.rooms.boot): Promise<DoctorReport> {
  await using proxy = await startProxy(node.baseUrl, fault)
  return await runDoctor(roomsOf({ node: { boot, publicUrl: proxy.url, address: node.baseUrl } }))
}

interface Bad {
  readonly does: string
  readonly fault: ProxyFault
  readonly name: string
  readonly cure: RegExp
}

describe('behind a proxy that', () => {
  test.each<Bad>([
    { does: 'buffers', fault: { buffers: true }, name: 'streams', cure: /proxy_buffering off/ },
    {
      does: 'refuses large headers',
      fault: { requestHeaderMax: 16_384 },
      name: 'large request headers',
      cure: /large_client_header_buffers/,
    },
    {
      does: 'has a small buffer for heads',
      fault: { replyHeaderMax: 4096 },
      name: 'large reply headers',
      cure: /proxy_buffer_size/,
    },
    {
      does: 'signs everybody in',
      fault: { instead: { status: 200 } },
      name: 'public address',
      cure: /FAREBOX_PUBLIC_URL/,
    },
    {
      does: 'redirects',
      fault: { instead: { status: 301, headers: { location: 'https://elsewhere.example/' } } },
      name: 'public address',
      cure: /FAREBOX_PUBLIC_URL/,
    },
  ])('$does, one check fails and names the cure', async ({ fault, name, cure }) => {
    const report = await behind(fault)
    expect(report.checks.filter(({ ok }) => !ok)).toMatchObject([{ name, cure: expect.stringMatching(cure) }])
    expect(report.ok).toBe(false)
  })

  test('is well, all is well', async () => {
    expect(await behind({})).toMatchObject({ ok: true })
  })

  test('drops queries, nothing is said that is not known', async () => {
    const report = await behind({ dropsQuery: true })
    expect(troubles(report)).toMatchObject({ 'large reply headers': 'failed', streams: 'failed' })
  })

  test('leads to another node, that is found out', async () => {
    const report = await behind({}, 'boot_another')
    expect(report.checks.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'streams', found: expect.stringContaining('Another Farebox') },
    ])
  })

  test('is not there, only its address fails', async () => {
    const { boot } = node.app.rooms
    const report = await runDoctor(
      roomsOf({ node: { boot, publicUrl: 'http://127.0.0.1:1', address: node.baseUrl } }),
    )
    expect(report.checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'public address' }])
    expect(checkOf(report, 'streams')).toBeUndefined()
  })
})

const open = (): Promise<Response> => fetch(`${node.baseUrl}/ping?stream=1`)

describe('GET /ping', () => {
  test('is still a plain sign of life', async () => {
    expect(await node.get('/ping')).toEqual({ status: 'ok' })
  })

  test('takes no more than a few test streams at once, and takes new ones when those have ended', async () => {
    const all = await Promise.all(Array.from({ length: 25 }, open))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(await all.find(({ status }) => status === 503)?.json()).toMatchObject({
      error: { code: 'too_many_tests' },
    })
    await Promise.all(all.filter(({ bodyUsed }) => !bodyUsed).map((response) => response.text()))
    expect((await open()).status).toBe(200)
  })

  test.each(['0', '-1', '1e9', 'x', '8193'])('makes no header of %s bytes', async (length) => {
    const response = await fetch(`${node.baseUrl}/ping?header=${length}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-farebox-padding')).toBeNull()
  })
})
