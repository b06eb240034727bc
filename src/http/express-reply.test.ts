import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, test } from 'vitest'
import { ExpressReply } from './express-reply.ts'

test.each([256, 16 * 1024, 16 * 1024 + 1])(
  'a body of %i bytes leaves as it is, whatever is in it',
  async (size) => {
    const body = Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 256))
    const app = express().disable('x-powered-by')
    app.get('/', (_, response) => {
      const reply = new ExpressReply(response, { common: () => ['x-request-id', 'call_1'] })
      reply.head(200, { 'content-length': String(size), 'x-list': ['a', 'b'] })
      reply.end(body)
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
      const { port } = server.address() as AddressInfo
      const answer = await fetch(`http://127.0.0.1:${port}/`)
      expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
      expect(answer.headers.get('x-request-id')).toBe('call_1')
      expect(answer.headers.get('x-list')).toBe('a, b')
    } finally {
      server.close()
    }
  },
)
