import type { IRouter, Request, Response } from 'express'
import { type Dialect, dialects } from '../../dialects/index.ts'
import { DomainError } from '../../lib/index.ts'
import { modelSupplier, serve, type Tally, type Visit } from '../../proxy/index.ts'
import { readIdempotencyKey } from '../idempotency/answers.ts'
import { keyedCall, numberedTry } from '../idempotency/repeated-call.ts'
import { commonHeadersOf, setCommonHeaders } from '../middleware/common-headers.ts'
import type { NodeRooms } from '../node.ts'
import { codeOf, isOurTrouble } from '../problems.ts'
import { readBody } from '../read-body.ts'
import { sendProblem } from '../send-problem.ts'
import { callIdOf, visitOf } from '../visit.ts'

const BODY_BYTES_MAX = 10 * 1024 * 1024

interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly dialect: Dialect
  readonly tally: Tally | undefined
}

/**
 * The routes of every dialect: paid calls to models. They put the common headers on their answers by themselves. They
 * stand in the app itself, since a router within a router is dear on the hot path.
 */
export function addInferenceRoutes(app: IRouter, rooms: NodeRooms): void {
  for (const dialect of dialects) {
    const tally = rooms.tally?.of(dialect.name)
    for (const path of dialect.paths) {
      app.post(path, (request, response) => call(rooms, { request, response, dialect, tally }))
    }
  }
}

async function call(rooms: NodeRooms, exchange: Exchange): Promise<void> {
  const { request, response, dialect, tally } = exchange
  try {
    if (rooms.isClosing()) throw closing()
    const body = await readBody(request, BODY_BYTES_MAX)
    const visit = visitOf(request, response, {
      common: () => commonHeadersOf(rooms, request),
      idleMs: rooms.callerIdleMs,
      tally,
    })
    const key = readIdempotencyKey(request.headers['idempotency-key'])
    const numbered = request.headers['x-stainless-retry-count']
    const go = (whose: Visit): Promise<void> =>
      serve(rooms, whose, modelSupplier(rooms.counter, { dialect, body }))
    if (key === undefined && numbered === undefined) return await go(visit)
    setCommonHeaders(rooms, exchange)
    const { name: route, renderProblem: render } = dialect
    const repeatable = { request, response, visit, body, route, render, serve: go }
    if (key !== undefined) return await keyedCall(rooms, repeatable, key)
    await numberedTry(rooms, repeatable, String(numbered))
  } catch (error) {
    failed(rooms, exchange, error)
    if (!response.headersSent) setCommonHeaders(rooms, exchange)
    sendProblem(error, { request, response, render: dialect.renderProblem })
  }
}

function failed({ log, tally }: NodeRooms, { request, dialect }: Exchange, error: unknown): void {
  const code = codeOf(error)
  tally?.refused(dialect.name, code)
  const callId = callIdOf(request)
  if (code === 'internal_error') log('request_failed', { callId, error })
  else if (isOurTrouble(code)) log('call_failed', { callId, dialect: dialect.name, code })
}

function closing(): DomainError {
  return new DomainError(
    'shutting_down',
    'The node is about to stop. Nothing was charged; send the request again.',
    { retryAfterS: 10 },
  )
}
