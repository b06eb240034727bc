import { type Request, type Response, Router } from 'express'
import { RefundedError } from '../../access/index.ts'
import { type Dialect, dialects } from '../../dialects/index.ts'
import { DomainError } from '../../lib/index.ts'
import { modelSupplier, serve, type Visit } from '../../proxy/index.ts'
import { type Answer, type KeyedRequest, readIdempotencyKey } from '../idempotency/answers.ts'
import { recordedReply } from '../idempotency/recorded-reply.ts'
import { commonHeadersOf, setCommonHeaders } from '../middleware/common-headers.ts'
import type { NodeRooms } from '../node.ts'
import { readBody } from '../read-body.ts'
import { problemAnswer, sendProblem } from '../send-problem.ts'
import { callIdOf, visitOf } from '../visit.ts'

const BODY_BYTES_MAX = 10 * 1024 * 1024

interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly dialect: Dialect
}

/** The routes of every dialect: paid calls to models. They put the common headers on their answers by themselves. */
export function inferenceRoutes(rooms: NodeRooms): Router {
  const router = Router()
  for (const dialect of dialects) {
    for (const path of dialect.paths) {
      router.post(path, (request, response) => call(rooms, { request, response, dialect }))
    }
  }
  return router
}

async function call(rooms: NodeRooms, exchange: Exchange): Promise<void> {
  const { request, response, dialect } = exchange
  try {
    if (rooms.isClosing()) throw closing()
    const body = await readBody(request, BODY_BYTES_MAX)
    const visit = visitOf(request, response)
    const key = readIdempotencyKey(request.headers['idempotency-key'])
    if (key === undefined) {
      await serve(rooms, withCommonHeaders(visit, request), modelSupplier(rooms.counter, { dialect, body }))
      return
    }
    setCommonHeaders(request, response)
    await keyedCall(rooms, exchange, { visit, body, key })
  } catch (error) {
    const isOurFault = !(error instanceof DomainError) || error.code === 'internal_error'
    if (isOurFault) rooms.log('request_failed', { callId: callIdOf(request), error })
    if (!response.headersSent) setCommonHeaders(request, response)
    sendProblem(error, { request, response, render: dialect.renderProblem })
  }
}

/** In one list with the reply's own headers, which is cheaper than setting them before. */
function withCommonHeaders(visit: Visit, request: Request): Visit {
  const { reply } = visit
  const head: Visit['reply']['head'] = (status, headers) =>
    reply.head(status, { ...commonHeadersOf(request), ...headers })
  return { ...visit, reply: { ...reply, head } }
}

/** A call whose caller asked that repeating it is free: its answer is kept, and given again. */
async function keyedCall(
  rooms: NodeRooms,
  { request, response, dialect }: Exchange,
  { visit, body, key }: { visit: Visit; body: Buffer; key: string },
): Promise<void> {
  const { xCashu, authorization, apiKey } = visit.credentials
  const credential = xCashu ?? authorization ?? apiKey ?? ''
  const keyed: KeyedRequest = { key, credential, route: dialect.name, body, isOneShot: xCashu !== undefined }
  const earlier = await rooms.answers.earlier(keyed)
  if (earlier) return replay(response, earlier)
  let isHeld = false
  const kept: Visit = {
    ...visit,
    reply: recordedReply(visit.reply, (answer) => rooms.answers.keep(keyed, answer)),
    held: async (tx, hold) => {
      await rooms.answers.claim(tx, keyed, hold)
      isHeld = true
    },
  }
  try {
    await serve(rooms, kept, modelSupplier(rooms.counter, { dialect, body }))
  } catch (error) {
    // Its ecash is used up, so the refund it carries is the answer for ever; for a wallet the same call may run again.
    if (isHeld && error instanceof RefundedError) {
      await rooms.answers.keep(keyed, problemAnswer(error, { request, render: dialect.renderProblem }))
    } else if (isHeld) await rooms.answers.forget(keyed)
    throw error
  }
}

function replay(response: Response, { status, headers, body }: Answer): void {
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value])
  }
  response.setHeader('idempotency-replayed', 'true')
  response.setHeader('content-length', body.length)
  response.statusCode = status
  response.end(body)
}

function closing(): DomainError {
  return new DomainError(
    'shutting_down',
    'The node is about to stop. Nothing was charged; send the request again.',
    { retryAfterS: 10 },
  )
}
