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
export function commonHeaders(request: Request, response: Response, next: NextFunction): void {
  const id = callIdOf(request)
  response.setHeader('x-request-id', id)
  response.setHeader('x-routstr-request-id', id)
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-expose-headers', EXPOSED)
  response.setHeader('x-content-type-options', 'nosniff')
  if (request.method !== 'OPTIONS') return next()
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
  response.setHeader('access-control-max-age', PREFLIGHT_AGE_S)
  response.statusCode = 204
  response.end()
}
