import { once } from 'node:events'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DomainError } from '../../src/lib/index.ts'
import { ask, type Asked, errorIn, openDoor, openPrivateDoor, type PrivateDoor } from '../support/doors.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const TOKEN = 'a-token-that-nobody-can-guess'
const AUTHORIZED = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }

let node: TestNode
let door: PrivateDoor
const ran: { name: string; body: unknown }[] = []
beforeAll(async () => {
  node = await startTestNode()
  door = await openPrivateDoor(node.app.rooms, {
    token: TOKEN,
    run: async (name, body) => {
      if (name === 'nothing') return undefined
      if (name === 'broken') throw new Error('a bug that quotes sk-secret')
      if (name !== 'config.show') throw new DomainError('command_unknown', `There is no command '${name}'.`)
      ran.push({ name, body })
      return { settings: [] }
    },
  })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

const command = (url: string, headers: object = AUTHORIZED, body = '{}'): Promise<Asked> =>
  ask(url, { method: 'POST', headers, body })

describe('a command on the private listener', () => {
  const path = '/admin/commands/config.show'

  test('is run with its JSON body, and answered with JSON that nobody keeps', async () => {
    const reply = await command(`${door.url}${path}`, AUTHORIZED, '{"changes":{"NAME":null}}')
    expect(reply).toMatchObject({ status: 200, text: '{"settings":[]}' })
    expect(reply.headers).toMatchObject({
      'content-type': expect.stringContaining('application/json'),
      'cache-control': 'no-store',
    })
    expect(ran.at(-1)).toEqual({ name: 'config.show', body: { changes: { NAME: null } } })
  })

  test('without a body has no arguments', async () => {
    expect(await command(`${door.url}${path}`, AUTHORIZED, '')).toMatchObject({ status: 200 })
    expect(ran.at(-1)).toEqual({ name: 'config.show', body: {} })
  })

  test('that gives nothing is answered with null', async () => {
    const reply = await command(`${door.url}/admin/commands/nothing`)
    expect(reply).toMatchObject({ status: 200, text: 'null' })
  })

  test.each([
    ['none', {}],
    ['another', { authorization: 'Bearer a-token-that-nobody-can-guesS' }],
    ['a shorter one', { authorization: 'Bearer a-token' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['the right one as a password', { authorization: `Basic ${TOKEN}` }],
  ])('is refused to who shows %s for a token, and not run', async (_, headers) => {
    const before = ran.length
    const reply = await command(`${door.url}${path}`, headers)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(errorIn(reply)).toMatchObject({ code: 'admin_unauthorized' })
    expect(ran).toHaveLength(before)
  })

  test('that does not exist is 404 only for who has the token', async () => {
    const url = `${door.url}/admin/commands/no.such`
    expect(errorIn(await command(url, {}))).toMatchObject({ code: 'admin_unauthorized' })
    const reply = await command(url)
    expect(reply.status).toBe(404)
    expect(errorIn(reply)).toMatchObject({ code: 'command_unknown' })
  })

  test('with a body that is not JSON is 400, and one above 1 MB is 413', async () => {
    const broken = await command(`${door.url}${path}`, AUTHORIZED, '{"a":')
    expect([broken.status, errorIn(broken)['code']]).toEqual([400, 'invalid_json'])
    const large = await command(`${door.url}${path}`, AUTHORIZED, JSON.stringify('x'.repeat(1024 * 1024)))
    expect([large.status, errorIn(large)['code']]).toEqual([413, 'body_too_large'])
  })

  test('that breaks says nothing of the cause', async () => {
    const reply = await command(`${door.url}/admin/commands/broken`)
    expect([reply.status, errorIn(reply)['code']]).toEqual([500, 'internal_error'])
    expect(reply.text).not.toContain('sk-secret')
  })

  test('is in the log by its name and its request, and what it was told is not', async () => {
    const reply = await command(`${door.url}${path}`, AUTHORIZED, '{"changes":{"MARGIN":"77%"}}')
    expect(node.log).toContainEqual({
      event: 'admin_command',
      fields: { callId: reply.headers['x-request-id'], command: 'config.show' },
    })
    expect(JSON.stringify(node.log)).not.toContain('77%')
    expect(JSON.stringify(node.log)).not.toContain(TOKEN)
  })
})

describe('the private listener', () => {
  test('tells whether the process lives and whether the node can sell', async () => {
    expect(await ask(`${door.url}/healthz`)).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(await ask(`${door.url}/readyz`)).toMatchObject({
      status: 200,
      text: '{"ready":true,"reasons":[]}',
    })
    await using closed = await openPrivateDoor({
      ...node.app.rooms,
      reasonsNotReady: () => ['No mint is set.'],
    })
    const reply = await ask(`${closed.url}/readyz`)
    expect(reply).toMatchObject({ status: 503, text: '{"ready":false,"reasons":["No mint is set."]}' })
  })

  test.each([
    ['a stranger’s name', 'rebound.example'],
    ['a stranger’s name and port', 'rebound.example:8081'],
    ['a name that begins like ours', 'localhost.rebound.example'],
    ['a name that ends like ours', 'rebound.127.0.0.1'],
    ['another address', '192.0.2.1'],
  ])('answers nothing to a request for %s', async (_, host) => {
    for (const path of ['/metrics', '/healthz', '/admin/commands/config.show']) {
      const reply = await ask(`${door.url}${path}`, { headers: { host, ...AUTHORIZED } })
      expect([reply.status, errorIn(reply)['code']]).toEqual([403, 'host_not_allowed'])
    }
  })

  test('answers nothing to a request that names nobody', async () => {
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    socket.end('GET /healthz HTTP/1.0\r\n\r\n')
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1.1 403 /)
  })

  test.each(['localhost', 'LOCALHOST:9', '127.0.0.1:8081', '127.9.9.9', '[::1]:80', hostname()])(
    'answers under the name %s, which is its own',
    async (host) => {
      expect(await ask(`${door.url}/healthz`, { headers: { host } })).toMatchObject({ status: 200 })
    },
  )

  test('lets no page read it, and carries the headers that browsers obey', async () => {
    const { headers } = await ask(`${door.url}/metrics`, { headers: { origin: 'https://app.example' } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    })
  })

  test('has no paid route and no wallet', async () => {
    for (const path of ['/v1/chat/completions', '/v1/wallet/info', '/v1/models', '/']) {
      expect((await ask(`${door.url}${path}`, { headers: AUTHORIZED })).status).toBe(404)
    }
  })
})

describe('the public listener', () => {
  test('has no command and no metrics, whatever is shown', async () => {
    await using open = await openDoor(node.app.rooms, { tally: door.tally })
    for (const url of [node.baseUrl, open.url]) {
      for (const method of ['GET', 'POST']) {
        for (const path of [
          '/metrics',
          '/admin',
          '/admin/commands/config.show',
          '//admin/commands/config.show',
        ]) {
          const reply = await ask(`${url}${path}`, { method, headers: AUTHORIZED })
          expect([path, reply.status, errorIn(reply)['code']]).toEqual([path, 404, 'not_found'])
        }
      }
    }
  })
})
