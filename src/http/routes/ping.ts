import { type Request, type Response, Router } from 'express'
import { DomainError } from '../../lib/index.ts'
import type { NodeRooms } from '../node.ts'
import { sendProblem } from '../send-problem.ts'

const PIECES = 5
const PIECE_EVERY_MS = 150
/** A stream keeps a connection for a moment; more than this at once is nobody's test. */
const STREAMS_MAX = 20
const HEADER_BYTES_MAX = 8192

/**
 * A sign of life, and on request what the way to the node does to a reply that costs nothing: `?stream=1` comes in pieces
 * with the heads of a paid stream and says which run of the node sent it; `?header=4096` has a header of that length.
 */
export function pingRoutes({ boot }: Pick<NodeRooms, 'boot'>): Router {
  const router = Router()
  let streams = 0
  router.get('/ping', (request, response) => {
    const query = URL.parse(request.url, 'http://node')?.searchParams
    const padding = Number(query?.get('header') ?? 0)
    if (query?.get('stream') !== '1') return alive(response, padding)
    if (streams >= STREAMS_MAX) return busy(request, response)
    streams += 1
    response.once('close', () => (streams -= 1))
    stream(response, boot)
  })
  return router
}

function alive(response: Response, padding: number): void {
  if (Number.isInteger(padding) && padding > 0 && padding <= HEADER_BYTES_MAX) {
    response.setHeader('x-farebox-padding', 'x'.repeat(padding))
  }
  response.json({ status: 'ok' })
}

function stream(response: Response, boot: string): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  })
  let piece = 0
  const send = (): void => {
    piece += 1
    response.write(`data: {"boot":"${boot}","piece":${piece},"of":${PIECES}}\n\n`)
    if (piece < PIECES) return
    clearInterval(timer)
    response.end('data: [DONE]\n\n')
  }
  const timer = setInterval(send, PIECE_EVERY_MS)
  response.once('close', () => clearInterval(timer))
  send()
}

function busy(request: Request, response: Response): void {
  const error = new DomainError(
    'too_many_tests',
    'Too many test streams are running. Nothing was charged; try again in a moment.',
    { retryAfterS: 1 },
  )
  sendProblem(error, { request, response })
}
