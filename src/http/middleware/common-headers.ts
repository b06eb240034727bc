import type { NextFunction, Request, Response } from 'express'
import type { Live } from '../../lib/index.ts'
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
const ANY = '*'

/** Origins whose pages may call, as a browser writes them (`https://app.example`), or `*` alone for all of them. */
export type CorsOrigins = Live<readonly string[]>

/** What the headers of every answer depend on. */
interface HeaderRules {
  readonly corsOrigins?: CorsOrigins
}

/**
 * The call id and cross-origin rules of every answer, as Node's flat list. Any origin may call unless the operator named
 * some: money is in the request, not in a cookie. Only a browser says its origin, and nobody else reads the rules.
 */
export function commonHeadersOf(rules: HeaderRules, request: Request): string[] {
  const id = callIdOf(request)
  const list = ['x-request-id', id, 'x-routstr-request-id', id, 'x-content-type-options', 'nosniff']
  const { origin } = request.headers
  if (rules.corsOrigins === undefined) {
    if (origin !== undefined) allow(list, ANY)
  } else allowNamed(list, { origins: rules.corsOrigins.get(), origin })
  return list
}

function allowNamed(
  list: string[],
  { origins, origin }: { origins: readonly string[]; origin: string | undefined },
): void {
  if (origins.includes(ANY)) {
    if (origin !== undefined) allow(list, ANY)
    return
  }
  // Said to everybody: a cache must not give one origin what another was answered.
  list.push('vary', 'origin')
  if (origin !== undefined && origins.includes(origin)) allow(list, origin)
}

function allow(list: string[], origin: string): void {
  list.push('access-control-allow-origin', origin, 'access-control-expose-headers', EXPOSED)
}

/** Whether any page may read an answer, whoever asked. */
export function isOpenToAll({ corsOrigins }: HeaderRules): boolean {
  return corsOrigins === undefined || corsOrigins.get().includes(ANY)
}

/** Sets them, and answers preflights. */
export function commonHeaders(rules: HeaderRules) {
  return (request: Request, response: Response, next: NextFunction): void => {
    setCommonHeaders(rules, { request, response })
    if (request.method === 'OPTIONS') preflight(rules, { request, response })
    else next()
  }
}

/** Has to be answered before Express comes to the end of the routes, since it answers OPTIONS by itself. */
function preflight(
  rules: HeaderRules,
  { request, response }: { request: Request; response: Response },
): void {
  if (isOpenToAll(rules)) response.setHeader('access-control-allow-origin', ANY)
  if (response.hasHeader('access-control-allow-origin')) {
    response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
    response.setHeader(
      'access-control-allow-headers',
      request.headers['access-control-request-headers'] ?? '*',
    )
    response.setHeader('access-control-max-age', PREFLIGHT_AGE_S)
  }
  response.statusCode = 204
  response.end()
}

export function setCommonHeaders(
  rules: HeaderRules,
  { request, response }: { request: Request; response: Response },
): void {
  const list = commonHeadersOf(rules, request)
  for (let i = 0; i < list.length; i += 2) response.setHeader(list[i] ?? '', list[i + 1] ?? '')
}
