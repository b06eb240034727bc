import type { NextFunction, Request, Response } from 'express'
import { DomainError } from '../lib/index.ts'
import type { NodeRooms } from './node.ts'
import { sendProblem } from './send-problem.ts'
import { callIdOf } from './visit.ts'

const PATH_SHOWN = 200

/** Answers what no route took; `hint` says where to look instead. */
export function notFound(hint: string) {
  return (request: Request, response: Response): void => {
    const path = request.path.length > PATH_SHOWN ? `${request.path.slice(0, PATH_SHOWN)}…` : request.path
    const error = new DomainError('not_found', `Path '${path}' not found for ${request.method}. ${hint}`)
    sendProblem(error, { request, response })
  }
}

// Express knows an error handler by its four arguments.
// oxlint-disable-next-line max-params
export function unforeseen({ log }: Pick<NodeRooms, 'log'>) {
  // oxlint-disable-next-line max-params
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const isBadPath = error instanceof URIError
    if (!isBadPath) log('request_failed', { callId: callIdOf(request), path: request.path, error })
    const shown = isBadPath ? new DomainError('not_found', `Path '${request.path}' not found`) : error
    sendProblem(shown, { request, response })
  }
}
