import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint, startUpstream, type Upstream } from '../../src/demo/index.ts'
import { type CopiedHouse, copyHouse, type Member } from './members/copied-house.ts'

const MEMBERS: readonly Member[] = [
  {
    fixture: 'fake-scheme.ts',
    file: 'access/schemes/voucher/scheme.ts',
    name: 'voucher',
    list: 'access/schemes/index.ts',
    from: './voucher/scheme.ts',
  },
  {
    fixture: 'fake-dialect.ts',
    file: 'dialects/lines/index.ts',
    name: 'lines',
    list: 'dialects/dialects.ts',
    from: './lines/index.ts',
  },
  {
    fixture: 'fake-provider.ts',
    file: 'upstreams/providers/brass.ts',
    name: 'brass',
    list: 'upstreams/providers/index.ts',
    from: './brass.ts',
  },
]

let mint: PlayMint
let upstream: Upstream
let house: CopiedHouse
beforeAll(async () => {
  mint = await startPlayMint({ feePpk: 100 })
  upstream = await startUpstream()
  house = copyHouse()
  for (const member of MEMBERS) house.add(member)
})
afterAll(async () => {
  await house[Symbol.asyncDispose]()
  await upstream.close()
  await mint.close()
})

describe('a new scheme, dialect and provider', () => {
  test('are a file of their own and one line in one list each', () => {
    const changes = house.changes()
    const fresh = changes.filter(({ isNew }) => isNew).map(({ file }) => file)
    expect(fresh.toSorted()).toEqual(MEMBERS.map(({ file }) => `src/${file}`).toSorted())
    const edited = changes.filter(({ isNew }) => !isNew)
    expect(edited.map(({ file }) => file).toSorted()).toEqual(
      MEMBERS.map(({ list }) => `src/${list}`).toSorted(),
    )
    for (const { file, added, removed } of edited) {
      const { name, from } = MEMBERS.find(({ list }) => file === `src/${list}`) ?? { name: '', from: '' }
      // A list on one line shows its line as removed and added; one on several lines only gains one.
      const [line] = removed
      expect(removed.length).toBeLessThanOrEqual(1)
      const entry = line === undefined ? `  ${name},` : line.replace(/\]$/, `, ${name}]`)
      expect(added).toEqual([`import { ${name} } from '${from}'`, entry])
    }
  })

  test('serve a paid call together, and the journey never learns of them', async () => {
    const baseUrl = await house.start({
      FAREBOX_LISTEN: '127.0.0.1:0',
      FAREBOX_ADMIN_LISTEN: 'off',
      FAREBOX_LOG_LEVEL: 'error',
      FAREBOX_MINTS: mint.url,
      FAREBOX_BTC_USD: '100000',
      FAREBOX_MARGIN: '10%',
      FAREBOX_UPSTREAM_MAIN_URL: upstream.url,
      FAREBOX_UPSTREAM_MAIN_TYPE: 'brass',
      FAREBOX_UPSTREAM_MAIN_KEY: 'brass-secret',
      FAREBOX_UPSTREAM_MAIN_PRICES: 'openai',
    })
    const made = await post(`${baseUrl}/v1/wallet/create`, {
      body: JSON.stringify({ cashu_token: await mint.mintEcash(500) }),
      headers: { 'content-type': 'application/json' },
    })
    const key = String(made['api_key'])
    const paid = await post(`${baseUrl}/lines`, {
      body: 'gpt-4o-mini\nTell me of trains',
      headers: { authorization: `Bearer voucher:${key}` },
    })
    expect(paid).toEqual({ line: expect.stringMatching(/./), msats: expect.any(Number) })
    expect(paid['msats']).toBeGreaterThan(0)
    const info = await (
      await fetch(`${baseUrl}/v1/wallet/info`, { headers: { authorization: `Bearer ${key}` } })
    ).json()
    expect(info).toMatchObject({ total_requests: 1, total_spent: paid['msats'], reserved: 0 })

    const sent = upstream.requests.find(({ path }) => path.endsWith('/chat/completions'))
    expect(sent?.headers).toMatchObject({ 'x-brass-key': 'brass-secret' })
    expect(sent?.headers.authorization).toBeUndefined()
    const refused = await post(`${baseUrl}/lines`, { body: 'gpt-4o-mini\nHi', headers: {} })
    expect(refused).toMatchObject({ code: 'payment_required', request_id: expect.stringMatching(/^call_/) })
  })
})

async function post(
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method: 'POST', body, headers })
  const parsed: unknown = await response.json()
  return { ...Object(parsed) }
}
