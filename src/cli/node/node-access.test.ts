import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ControlFile } from '../../admin/index.ts'
import { DomainError } from '../../lib/index.ts'
import { NodeAccess, type OfflineNode } from './node-access.ts'

let dataDir = ''
let servers: Server[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'farebox-access-'))
})
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections()
  servers = []
  rmSync(dataDir, { recursive: true, force: true })
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** A program that listens, and a control file that names it. */
async function listen(answer: Answer): Promise<ControlFile> {
  const server = createServer((request, response) => void answer(request, response))
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has this kind of address
  const { port } = server.address() as AddressInfo
  const control = new ControlFile(dataDir)
  control.write(`http://127.0.0.1:${port}`)
  return control
}

function offline(answer: unknown): () => Promise<OfflineNode> {
  return () =>
    Promise.resolve({ run: () => Promise.resolve(answer), [Symbol.asyncDispose]: () => Promise.resolve() })
}

function locked(): Promise<never> {
  return Promise.reject(new DomainError('directory_locked', 'Another Farebox is using it.'))
}

describe('a command', () => {
  test('goes to the running node, with its token, and comes back as JSON', async () => {
    let asked: unknown
    const control = await listen(async (request, response) => {
      const { url, method, headers } = request
      asked = { url, method, auth: headers.authorization, body: await text(request) }
      response.end('{"settings":[]}')
    })
    await using access = new NodeAccess({ dataDir, openOffline: locked })
    expect(await access.ask('config.show', { a: 1 })).toEqual({ settings: [] })
    expect(asked).toEqual({
      url: '/admin/commands/config.show',
      method: 'POST',
      auth: `Bearer ${control.token}`,
      body: '{"a":1}',
    })
  })

  test('keeps the code and the sentence that the node refused it with', async () => {
    await listen((_, response) => {
      response
        .writeHead(409)
        .end('{"error":{"code":"setting_unknown","message":"No such setting.","type":"x"}}')
    })
    await using access = new NodeAccess({ dataDir, openOffline: locked })
    const refusal = { code: 'setting_unknown', message: 'No such setting.' }
    await expect(access.ask('config.show', {})).rejects.toMatchObject(refusal)
  })

  test('is run here where no control file is, and its answer is what JSON makes of it', async () => {
    await using access = new NodeAccess({ dataDir, openOffline: offline({ a: undefined, b: 1 }) })
    expect(Object.keys(await access.ask('config.show', {}))).toEqual(['b'])
  })

  test('is run here where a killed node left its file behind', async () => {
    const control = await listen(() => undefined)
    for (const server of servers) await new Promise((resolve) => void server.close(resolve))
    await using access = new NodeAccess({ dataDir, openOffline: offline({ isOffline: true }) })
    expect(control.token).not.toBe('')
    expect(await access.ask('config.show', {})).toEqual({ isOffline: true })
  })

  test.each([
    ['another program', 404, '<html>'],
    [
      'a node of another directory',
      401,
      '{"error":{"code":"admin_unauthorized","message":"Show the token."}}',
    ],
  ])('is run here where %s has the port by now', async (_, status, body) => {
    await listen((_request, response) => void response.writeHead(status).end(body))
    await using access = new NodeAccess({ dataDir, openOffline: offline({ isOffline: true }) })
    expect(await access.ask('config.show', {})).toEqual({ isOffline: true })
  })

  test('is not run a second time where the node broke off', async () => {
    await listen((request) => void request.socket.destroy())
    await using access = new NodeAccess({ dataDir, openOffline: offline({ isOffline: true }) })
    await expect(access.ask('config.show', {})).rejects.toMatchObject({ code: 'node_broke_off' })
  })

  test('says what to do where a node runs that cannot be reached', async () => {
    await using access = new NodeAccess({ dataDir, openOffline: locked })
    await expect(access.ask('config.show', {})).rejects.toMatchObject({
      code: 'node_out_of_reach',
      message: expect.stringContaining('has no private listener. Set FAREBOX_ADMIN_LISTEN'),
    })
    new ControlFile(dataDir).write('http://127.0.0.1:1')
    await expect(access.ask('config.show', {})).rejects.toMatchObject({
      message: expect.stringContaining('does not answer at http://127.0.0.1:1'),
    })
  })
})
