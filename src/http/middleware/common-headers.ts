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
  'x-should-retry',
  'idempotency-replayed',
  'x-farebox-payment-id',
  'x-farebox-clamped',
  'x-farebox-dropped',
  'x-farebox-estimated',
].join(', ')
const PREFLIGHT_AGE_S = '86400'

/**
 * The call id and cross-origin rules of every answer, as Node's flat list. Any origin may call: money is in the request,
 * not in a cookie. Only a browser says its origin, and nobody else reads the rules.
 */
export function commonHeadersOf(request: Request): string[] {
  const id = callIdOf(request)
  const list = ['x-request-id', id, 'x-routstr-request-id', id, 'x-content-type-options', 'nosniff']
  if (request.headers.origin !== undefined) {
    list.push('access-control-allow-origin', '*', 'access-control-expose-headers', EXPOSED)
  }
  return list
}

/** Sets them, and answers preflights. */
export function commonHeaders(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'OPTIONS') return preflight(request, response)
  setCommonHeaders(request, response)
  next()
}

/** Has to be answered before Express comes to the end of the routes, since it answers OPTIONS by itself. */
function preflight(request: Request, response: Response): void {
  setCommonHeaders(request, response)
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
  response.setHeader('access-control-max-age', PREFLIGHT_AGE_S)
  response.statusCode = 204
  response.end()
}

export function setCommonHeaders(request: Request, response: Response): void {
  const list = commonHeadersOf(request)
  for (let i = 0; i < list.length; i += 2) response.setHeader(list[i] ?? '', list[i + 1] ?? '')
}
