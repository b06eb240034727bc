import type { NextFunction, Request, Response } from 'express'
import { hostname } from 'node:os'
import { DomainError } from '../../lib/index.ts'
import { sendProblem } from '../send-problem.ts'

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:127(?:\.\d{1,3}){3}\])$/

/**
 * Only requests to a loopback name, to the address they came in at, or to this machine's own name. A page that has its own
 * name lead to this machine (DNS rebinding) writes that name into `Host`, and gets nothing.
 */
export function ownHostsOnly(request: Request, response: Response, next: NextFunction): void {
  if (isOwn(request.headers.host, request.socket.localAddress)) return next()
  const error = new DomainError(
    'host_not_allowed',
    'The private listener answers under the names of this machine only: localhost, its address, or its host name.',
  )
  sendProblem(error, { request, response })
}

/** `host` as in a request, with or without a port; `address` is where the connection came in. */
function isOwn(host: string | undefined, address: string | undefined): boolean {
  const name = host?.replace(/:\d{1,5}$/, '').toLowerCase()
  if (name === undefined || name === '') return false
  if (LOOPBACK.test(name) || name === hostname().toLowerCase()) return true
  const own = address?.replace(/^::ffff:/, '').toLowerCase()
  return own !== undefined && (name === own || name === `[${own}]`)
}
