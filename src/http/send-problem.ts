import type { Request, Response } from 'express'
import { type Problem, renderOpenAiProblem } from '../dialects/index.ts'
import type { Answer } from './idempotency/answers.ts'
import { toProblem } from './problems.ts'
import { callIdOf } from './visit.ts'

/** How long the rest of a request that was refused is taken and thrown away. */
const LINGER_MS = 5_000

export type RenderProblem = (problem: Problem) => string

/** An error as a whole answer, in the shape of the route's dialect. */
export function problemAnswer(
  error: unknown,
  { request, render = renderOpenAiProblem }: { request: Request; render?: RenderProblem },
): Answer {
  const { problem, headers } = toProblem(error, callIdOf(request))
  return {
    status: problem.status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: Buffer.from(render(problem)),
  }
}

/** Answers an error. A reply that has begun can only be broken off. */
export function sendProblem(
  error: unknown,
  { request, response, render }: { request: Request; response: Response; render?: RenderProblem },
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = problemAnswer(error, { request, ...(render && { render }) })
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value])
  }
  response.statusCode = status
  response.setHeader('content-length', body.length)
  if (request.complete || !hasBody(request)) response.end(body)
  else endAfter(request, response, body)
}

/**
 * Answers who is still sending, and closes when he is done. Closed at once, the connection would be reset under what he sends,
 * and he, or the proxy before us, would lose the answer with it.
 */
function endAfter(request: Request, response: Response, body: Buffer): void {
  response.setHeader('connection', 'close')
  response.write(body)
  const timer = setTimeout(end, LINGER_MS)
  function end(): void {
    clearTimeout(timer)
    response.end()
  }
  request.once('end', end).once('close', end).resume()
}

/** A request without one is not complete either until the turn after its head. */
function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
