import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { ask, member } from './ask.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const own = createServer(listener)
  server = own
  await new Promise<void>((resolve) => {
    own.listen(0, '127.0.0.1', resolve)
  })
  const address = own.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

describe('an answer', () => {
  test('is read whole, with its JSON and when each piece came', async () => {
    const url = await serve((_, response) => {
      response.write('{"a":')
      setTimeout(() => response.end('[1]}'), 50)
    })
    const { status, json, times } = await ask(url)
    expect([status, member(json, 'a')]).toEqual([200, [1]])
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(30)
  })

  test('that leads elsewhere is not followed', async () => {
    const url = await serve((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    )
    expect(await ask(url)).toMatchObject({ status: 302, json: undefined })
  })

  test.each<[string, RequestListener, RegExp]>([
    ['never comes', () => undefined, /within 0\.2 s/],
    ['stops half-way', (_, response) => void response.write('{'), /within 0\.2 s/],
    ['is cut', (request) => void request.socket.destroy(), /cut the connection/],
    ['is endless', (_, response) => void response.end(Buffer.alloc(3 * 1024 * 1024)), /longer than 2 MB/],
    [
      'has huge headers',
      (_, response) => void response.writeHead(200, { a: 'x'.repeat(100_000) }).end(),
      /headers are too large/,
    ],
  ])('that %s is a reason', async (_, listener, reason) => {
    await expect(ask(await serve(listener), { timeoutMs: 200 })).rejects.toThrow(reason)
  })

  test.each([
    ['http://127.0.0.1:1/', /nothing listens/],
    ['http://nowhere.invalid/', /DNS/],
    ['ftp://127.0.0.1/', /Protocol "ftp:" not supported/],
    ['nonsense', /Invalid URL/],
  ])('from %s is a reason', async (url, reason) => {
    await expect(ask(url)).rejects.toThrow(reason)
  })
})
