import type { IRouter, Request, Response } from 'express'
import { type Dialect, dialects } from '../../dialects/index.ts'
import { DomainError } from '../../lib/index.ts'
import { modelSupplier, serve, type Visit } from '../../proxy/index.ts'
import { readIdempotencyKey } from '../idempotency/answers.ts'
import { keyedCall, numberedTry } from '../idempotency/repeated-call.ts'
import { commonHeadersOf, setCommonHeaders } from '../middleware/common-headers.ts'
import type { NodeRooms } from '../node.ts'
import { readBody } from '../read-body.ts'
import { sendProblem } from '../send-problem.ts'
import { callIdOf, visitOf } from '../visit.ts'

const BODY_BYTES_MAX = 10 * 1024 * 1024

interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly dialect: Dialect
}

/**
 * The routes of every dialect: paid calls to models. They put the common headers on their answers by themselves. They
 * stand in the app itself, since a router within a router is dear on the hot path.
 */
export function addInferenceRoutes(app: IRouter, rooms: NodeRooms): void {
  for (const dialect of dialects) {
    for (const path of dialect.paths) {
      app.post(path, (request, response) => call(rooms, { request, response, dialect }))
    }
  }
}

async function call(rooms: NodeRooms, exchange: Exchange): Promise<void> {
  const { request, response, dialect } = exchange
  try {
    if (rooms.isClosing()) throw closing()
    const body = await readBody(request, BODY_BYTES_MAX)
    const visit = visitOf(request, response, { common: () => commonHeadersOf(request) })
    const key = readIdempotencyKey(request.headers['idempotency-key'])
    const numbered = request.headers['x-stainless-retry-count']
    const go = (whose: Visit): Promise<void> =>
      serve(rooms, whose, modelSupplier(rooms.counter, { dialect, body }))
    if (key === undefined && numbered === undefined) return await go(visit)
    setCommonHeaders(request, response)
    const { name: route, renderProblem: render } = dialect
    const repeatable = { request, response, visit, body, route, render, serve: go }
    if (key !== undefined) return await keyedCall(rooms, repeatable, key)
    await numberedTry(rooms, repeatable, String(numbered))
  } catch (error) {
    const isOurFault = !(error instanceof DomainError) || error.code === 'internal_error'
    if (isOurFault) rooms.log('request_failed', { callId: callIdOf(request), error })
    if (!response.headersSent) setCommonHeaders(request, response)
    sendProblem(error, { request, response, render: dialect.renderProblem })
  }
}

function closing(): DomainError {
  return new DomainError(
    'shutting_down',
    'The node is about to stop. Nothing was charged; send the request again.',
    { retryAfterS: 10 },
  )
}
