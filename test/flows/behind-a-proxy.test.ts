import { createServer, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, type Door, openDoor } from '../support/doors.ts'
import { type Listening, listening } from '../support/listening.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const PUBLIC_URL = 'https://shop.example/ai'

let node: TestNode
let open: Door
let key: string
beforeAll(async () => {
  node = await startTestNode()
  const { profile } = node.app.rooms
  open = await openDoor(node.app.rooms, {
    profile: { ...profile, publicUrl: PUBLIC_URL },
  })
  key = await openWallet(node, 500)
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

/** A reverse proxy for `/ai/`, which leaves that on the path or takes it off. */
function startProxy(strips: boolean): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    const sent = request(
      `${open.url}${strips ? path.replace(/^\/ai(?=[/?]|$)/, '') : path}`,
      { method: incoming.method, headers: incoming.headers },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers)
        response.pipe(outgoing)
      },
    )
    incoming.pipe(sent)
  })
  return listening(server)
}

describe.each([
  ['keeps the path of the public URL', false],
  ['strips it', true],
])('behind a proxy that %s', (_, strips) => {
  let proxy: Listening
  beforeAll(async () => {
    proxy = await startProxy(strips)
  })
  afterAll(() => proxy[Symbol.asyncDispose]())

  test.each(['/ai/v1/chat/completions', '/ai/chat/completions'])('%s answers a paid call', async (path) => {
    const reply = await ask(`${proxy.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: 'hi' }],
        max_tokens: 9,
      }),
    })
    expect(reply.status).toBe(200)
    expect(Number(reply.headers['x-routstr-cost-msats'])).toBeGreaterThan(0)
  })

  test.each(['/ai/', '/ai/?from=a-link', '/ai/v1/models', '/ai/v1/wallet/info', '/ai/healthz'])(
    '%s is found',
    async (path) => {
      const reply = await ask(`${proxy.url}${path}`, { headers: { authorization: `Bearer ${key}` } })
      expect(reply.status).toBe(200)
    },
  )

  test('a path that only begins like the public one is another', async () => {
    expect((await ask(`${proxy.url}/aim/v1/models`)).status).toBe(404)
  })

  test('every link on the front page leads to something', async () => {
    const { text } = await ask(`${proxy.url}/ai/`, { headers: { accept: 'text/html' } })
    const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, link]) => link)
    expect(links).toContain('/ai/v1/models')
    for (const link of links) expect((await ask(`${proxy.url}${link}`)).status).toBe(200)
  })
})

describe('the public URL', () => {
  test('stands wherever the node says where it is', async () => {
    const { text: info } = await ask(`${open.url}/v1/info`)
    expect(JSON.parse(info)).toMatchObject({ http_url: PUBLIC_URL })
    const { text: front } = await ask(`${open.url}/`)
    expect(JSON.parse(front)).toMatchObject({
      http_url: PUBLIC_URL,
      endpoints: { chat: `${PUBLIC_URL}/v1/chat/completions`, models: `${PUBLIC_URL}/v1/models` },
    })
    const { text: page } = await ask(`${open.url}/`, { headers: { accept: 'text/html' } })
    expect(page).toContain(`${PUBLIC_URL}/v1/chat/completions`)
    expect(page).not.toContain(open.url)
  })

  test('may change while the node runs, with its path', async () => {
    let publicUrl = 'https://shop.example/one'
    const { profile } = node.app.rooms
    const moving = {
      ...profile,
      get publicUrl() {
        return publicUrl
      },
    }
    await using door = await openDoor(node.app.rooms, { profile: moving })
    expect((await ask(`${door.url}/one/v1/models`)).status).toBe(200)
    publicUrl = 'https://shop.example/two'
    expect((await ask(`${door.url}/one/v1/models`)).status).toBe(404)
    expect((await ask(`${door.url}/two/v1/models`)).status).toBe(200)
  })

  test('that ends with /v1 takes nothing off our own paths', async () => {
    const { profile } = node.app.rooms
    const publicUrl = 'https://shop.example/v1'
    await using door = await openDoor(node.app.rooms, {
      profile: { ...profile, publicUrl },
    })
    for (const path of ['/v1/models', '/v1/wallet/info', '/models']) {
      const headers = { authorization: `Bearer ${key}` }
      expect((await ask(`${door.url}${path}`, { headers })).status).toBe(200)
    }
  })
})

describe('TRUST_PROXY', () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example' }
  const shown = async (url: string): Promise<string> => {
    const { text } = await ask(`${url}/`, { headers: forwarded })
    const { endpoints }: { endpoints: { models: string } } = JSON.parse(text)
    return endpoints.models
  }

  test('off: what a caller says of the way he came is not believed', async () => {
    expect(await shown(node.baseUrl)).toBe(`${node.baseUrl}/v1/models`)
  })

  test.each([
    ['a number of proxies', 1],
    ['their addresses', ['10.0.0.0/8', '127.0.0.1/32']],
  ])('%s: the front page shows the address that the proxy was called by', async (_, trustProxy) => {
    await using door = await openDoor(node.app.rooms, { trustProxy })
    expect(await shown(door.url)).toBe('https://shop.example/v1/models')
  })

  test('addresses: nobody else is believed', async () => {
    await using door = await openDoor(node.app.rooms, { trustProxy: ['10.0.0.0/8'] })
    expect(await shown(door.url)).toBe(`${door.url}/v1/models`)
  })
})

describe('the front page', () => {
  test('may be shown by a browser, and nothing else', async () => {
    const { headers } = await ask(`${open.url}/`, { headers: { accept: 'text/html' } })
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    expect(headers['content-security-policy']).not.toContain('script')
  })
})
