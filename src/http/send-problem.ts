import type { Request, Response } from 'express'
import { type Problem, renderOpenAiProblem } from '../dialects/index.ts'
import { toProblem } from './problems.ts'
import { callIdOf } from './visit.ts'

export type RenderProblem = (problem: Problem) => string

/** Answers an error in the shape of the route's dialect. A reply that has begun can only be broken off. */
export function sendProblem(
  error: unknown,
  {
    request,
    response,
    render = renderOpenAiProblem,
  }: { request: Request; response: Response; render?: RenderProblem },
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { problem, headers } = toProblem(error, callIdOf(request))
  const body = Buffer.from(render(problem))
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = problem.status
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  if (!request.complete) response.setHeader('connection', 'close')
  response.end(body)
}
