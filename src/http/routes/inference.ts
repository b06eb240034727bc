import { type Request, type Response, Router } from 'express'
import { type Dialect, dialects } from '../../dialects/index.ts'
import { DomainError } from '../../lib/index.ts'
import { modelSupplier, serve } from '../../proxy/index.ts'
import type { NodeRooms } from '../node.ts'
import { readBody } from '../read-body.ts'
import { sendProblem } from '../send-problem.ts'
import { callIdOf, visitOf } from '../visit.ts'

const BODY_BYTES_MAX = 10 * 1024 * 1024

/** The routes of every dialect: paid calls to models. */
export function inferenceRoutes(rooms: NodeRooms): Router {
  const router = Router()
  for (const dialect of dialects) {
    for (const path of dialect.paths)
      router.post(path, (request, response) => call(rooms, dialect, { request, response }))
  }
  return router
}

async function call(
  rooms: NodeRooms,
  dialect: Dialect,
  { request, response }: { request: Request; response: Response },
): Promise<void> {
  try {
    if (rooms.isClosing()) throw closing()
    const body = await readBody(request, BODY_BYTES_MAX)
    await serve(rooms, visitOf(request, response), modelSupplier(rooms.counter, { dialect, body }))
  } catch (error) {
    if (!(error instanceof DomainError)) rooms.log('request_failed', { callId: callIdOf(request), error })
    sendProblem(error, { request, response, render: dialect.renderProblem })
  }
}

function closing(): DomainError {
  return new DomainError(
    'shutting_down',
    'The node is about to stop. Nothing was charged; send the request again.',
    {
      retryAfterS: 10,
    },
  )
}
