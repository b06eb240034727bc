import type { NextFunction, Request, Response } from 'express'
import { callIdOf } from '../visit.ts'

/** Headers that a browser client may read (`routstr-clients` §2.10). */
const EXPOSED = [
  'x-request-id',
  'x-routstr-request-id',
  'x-cashu',
  'x-routstr-cost-msats',
  'x-routstr-cost-usd',
  'x-routstr-input-cost-msats',
  'x-routstr-output-cost-msats',
  'x-routstr-error-scope',
  'retry-after',
  'x-farebox-payment-id',
  'x-farebox-clamped',
  'x-farebox-dropped',
  'x-farebox-estimated',
].join(', ')
const PREFLIGHT_AGE_S = '86400'

/** The call id and cross-origin rules of every answer. Any origin may call: money is in the request, not in a cookie. */
export function commonHeadersOf(request: Request): Record<string, string> {
  const id = callIdOf(request)
  return {
    'x-request-id': id,
    'x-routstr-request-id': id,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': EXPOSED,
    'x-content-type-options': 'nosniff',
  }
}

/** Sets them, and answers preflights. */
export function commonHeaders(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'OPTIONS') return preflight(request, response, next)
  setCommonHeaders(request, response)
  next()
}

/** Answers preflights. It has to stand before the routes, since a router of Express answers OPTIONS by itself. */
export function preflight(request: Request, response: Response, next: NextFunction): void {
  if (request.method !== 'OPTIONS') return next()
  setCommonHeaders(request, response)
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
  response.setHeader('access-control-max-age', PREFLIGHT_AGE_S)
  response.statusCode = 204
  response.end()
}

export function setCommonHeaders(request: Request, response: Response): void {
  for (const [name, value] of Object.entries(commonHeadersOf(request))) response.setHeader(name, value)
}
