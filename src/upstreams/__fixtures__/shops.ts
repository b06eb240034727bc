import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage, Vault } from '../../storage/index.ts'
import { Upstreams, type UpstreamConfig } from '../index.ts'

export interface Shop {
  readonly url: string
  /** What it answers from now on. */
  answer: (req: IncomingMessage, res: ServerResponse) => void
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
  close(): Promise<void>
}

/** A server that answers as a test says. */
export async function openShop(answer: Shop['answer']): Promise<Shop> {
  const seen: Shop['seen'] = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => {
      seen.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body })
      shop.answer(req, res)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const shop: Shop = {
    url: `http://127.0.0.1:${portOf(server)}/v1`,
    answer,
    seen,
    close: () => closed(server),
  }
  return shop
}

function portOf(server: Server): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
  return (server.address() as AddressInfo).port
}

async function closed(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

export function listing(...ids: string[]): Shop['answer'] {
  return (_, res) => void res.end(JSON.stringify({ data: ids.map((id) => ({ id })) }))
}

export function status(code: number, headers: Record<string, string> = {}): Shop['answer'] {
  return (_, res) => void res.writeHead(code, headers).end('{}')
}

/** A data directory that outlives the rooms opened on it. */
export class Cellar implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'farebox-upstreams-'))
  readonly vault = new Vault([randomBytes(32)])
  storage = Storage.open(this.#dir)
  readonly events: { event: string; fields: Readonly<Record<string, unknown>> }[] = []
  now = 1_000_000
  #open: Upstreams | undefined

  async open(
    declared: readonly UpstreamConfig[] = [],
    rest: Partial<Parameters<typeof Upstreams.open>[0]> = {},
  ): Promise<Upstreams> {
    await this.#open?.close()
    this.#open = await Upstreams.open({
      storage: this.storage,
      vault: this.vault,
      declared,
      clock: { now: () => this.now },
      onEvent: (event, fields) => void this.events.push({ event, fields }),
      ...rest,
    })
    return this.#open
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.close()
    await this.storage[Symbol.asyncDispose]()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

export function declare(id: string, url: string, rest: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return {
    id,
    type: 'generic',
    url,
    key: `sk-${id}-secret`,
    prices: 'openai',
    marginBp: undefined,
    order: 0,
    ...rest,
  }
}

/** One call, told by its status; 0 where none came. */
export async function call(upstreams: Upstreams, upstreamId: string): Promise<number> {
  let got = 0
  const body = Buffer.from('{"model":"m"}')
  const outcome = await upstreams.send(
    { upstreamId, path: '/chat/completions', body, stream: false },
    { head: (head) => (got = head.status), piece: () => undefined },
  )
  return outcome.kind === 'ended' ? got : 0
}
