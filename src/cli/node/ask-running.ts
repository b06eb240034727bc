import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { Control } from '../../admin/index.ts'
import { DomainError } from '../../lib/index.ts'

/** Nobody is there, or somebody who is not the node that wrote the address. */
export class Unanswered extends Error {}

/** No connection came about, so nothing was asked. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETUNREACH'])

const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/**
 * Has the running node run a command, however long that takes.
 * @throws Unanswered where no node took it, so that it can be tried elsewhere
 * @throws DomainError with the node's own code and sentence; `node_broke_off` where it may have been run
 */
export async function askRunning({ url, token }: Control, name: string, input: unknown): Promise<unknown> {
  const { status, body } = await post(`${url}/admin/commands/${encodeURIComponent(name)}`, {
    token,
    body: JSON.stringify(input ?? {}),
  })
  const json = parse(body)
  if (status === 200 && json !== undefined) return json
  const { data } = failure.safeParse(json)
  // Another program has the port by now, or a node of another directory.
  if (data === undefined || status === 401) throw new Unanswered(`${url} answered ${status}`)
  throw new DomainError(data.error.code, data.error.message)
}

async function post(
  url: string,
  { token, body }: { token: string; body: string },
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const asked = request(url, { method: 'POST', headers, agent: false }, (response) => {
    text(response).then((read) => resolve({ status: response.statusCode ?? 0, body: read }), reject)
  })
  asked.once('error', reject)
  asked.end(body)
  try {
    return await promise
  } catch (cause) {
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    if (NOBODY.has(code)) throw new Unanswered(`nobody answers at ${url}`, { cause })
    throw new DomainError(
      'node_broke_off',
      'The node broke off before it answered. Look whether it runs, and whether the command was carried out.',
      { cause },
    )
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
