import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type Listening, listening } from '../support/listening.ts'

/** Where a swap is when the mint is killed. */
export type KillPoint = 'before the swap reached it' | 'while it was swapping' | 'after it had signed'

/** A door in front of the mint, so that a test can kill the mint at a known place of one swap. */
export interface Door extends Listening {
  /** Swaps that came through so far. */
  readonly swaps: number
  /** The next swap finds the mint killed at this point, and gets no answer. */
  killAt(point: KillPoint): void
}

const MID_SWAP_MS = 4

export async function openDoor(mintUrl: string, kill: () => Promise<void>): Promise<Door> {
  let point: KillPoint | undefined
  let swaps = 0
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await readAll(req)
    const isSwap = req.method === 'POST' && req.url === '/v1/swap'
    if (isSwap) swaps += 1
    const at = isSwap ? point : undefined
    if (at === undefined) return pass(await ask(mintUrl, req, body), res)
    point = undefined
    if (at === 'after it had signed') await ask(mintUrl, req, body)
    if (at === 'while it was swapping') {
      const answer = ask(mintUrl, req, body).catch(() => undefined)
      await new Promise((resolve) => {
        setTimeout(resolve, MID_SWAP_MS)
      })
      await kill()
      await answer
    }
    await kill()
    res.destroy()
  }
  const server = createServer((req, res) => {
    serve(req, res).catch(() => res.destroy())
  })
  const door = await listening(server)
  return {
    ...door,
    get swaps() {
      return swaps
    },
    killAt: (next) => {
      point = next
    },
  }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

function ask(mintUrl: string, req: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const up = request(`${mintUrl}${req.url}`, {
      method: req.method ?? 'GET',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    })
    up.once('error', reject)
    up.once('response', (reply) => {
      const { statusCode = 502, headers } = reply
      readAll(reply).then(
        (bytes) => resolve({ status: statusCode, type: headers['content-type'] ?? '', body: bytes }),
        reject,
      )
    })
    up.end(body)
  })
}

function pass({ status, type, body }: Answer, res: ServerResponse): void {
  res.writeHead(status, { 'content-type': type, 'content-length': body.length })
  res.end(body)
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
