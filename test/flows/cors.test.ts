import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LiveValue } from '../../src/lib/index.ts'
import { ask, type Asked, type Door, openDoor } from '../support/doors.ts'
import { openWallet } from '../support/paid-calls.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'

const FRIEND = 'https://app.example'
const STRANGER = 'https://elsewhere.example'

let node: TestNode
let open: Door
let key: string
const origins = new LiveValue<readonly string[]>(['*'])
beforeAll(async () => {
  node = await startTestNode()
  open = await openDoor(node.app.rooms, { corsOrigins: origins })
  key = await openWallet(node, 500)
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

const from = (origin: string): object => ({ origin, authorization: `Bearer ${key}` })
const body = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'hi' }],
  max_tokens: 20,
})

const ANSWERS: readonly [string, (origin: string) => Promise<Asked>][] = [
  [
    'a paid answer',
    (origin) => ask(`${open.url}/v1/chat/completions`, { method: 'POST', headers: from(origin), body }),
  ],
  [
    'a refusal',
    (origin) => ask(`${open.url}/v1/chat/completions`, { method: 'POST', headers: { origin }, body: '{' }),
  ],
  ['a page', (origin) => ask(`${open.url}/v1/models`, { headers: from(origin) })],
  ['the front page', (origin) => ask(`${open.url}/`, { headers: from(origin) })],
  ['an unknown path', (origin) => ask(`${open.url}/nowhere`, { headers: from(origin) })],
]

describe.each(ANSWERS)('CORS_ORIGINS and %s', (_, answer) => {
  test('a page of a named origin may read it, and no other', async () => {
    origins.set([FRIEND, 'http://localhost:5173'])
    const { headers } = await answer(FRIEND)
    expect(headers['access-control-allow-origin']).toBe(FRIEND)
    expect(headers['access-control-expose-headers']).toContain('x-cashu')
    const stranger = await answer(STRANGER)
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined()
    expect(stranger.headers['vary']).toBe('origin')
  })

  test('a change counts from the next request on', async () => {
    origins.set([FRIEND])
    expect((await answer(STRANGER)).headers['access-control-allow-origin']).toBeUndefined()
    origins.set(['*'])
    const { headers } = await answer(STRANGER)
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers['vary']).toBeUndefined()
  })

  test('nobody may when no origin is named', async () => {
    origins.set([])
    expect((await answer(FRIEND)).headers['access-control-allow-origin']).toBeUndefined()
  })
})

const preflight = (origin: string): Promise<Asked> =>
  ask(`${open.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  })

describe('a preflight', () => {
  test('of a named origin is granted, and that of another is not', async () => {
    origins.set([FRIEND])
    const friend = await preflight(FRIEND)
    expect(friend.status).toBe(204)
    expect(friend.headers).toMatchObject({
      'access-control-allow-origin': FRIEND,
      'access-control-allow-headers': 'authorization',
      'access-control-allow-methods': expect.stringContaining('POST'),
    })
    const { status, headers } = await preflight(STRANGER)
    expect(status).toBe(204)
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('never allows cookies', async () => {
    for (const list of [['*'], [FRIEND]]) {
      origins.set(list)
      expect((await preflight(FRIEND)).headers['access-control-allow-credentials']).toBeUndefined()
    }
  })
})
