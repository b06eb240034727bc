import type { IncomingMessage } from 'node:http'
import type { Request, Response } from 'express'
import type { Credentials } from '../access/index.ts'
import { type Id, newId } from '../lib/index.ts'
import type { Tally, Visit } from '../proxy/index.ts'
import { ExpressReply, type ReplyOptions } from './express-reply.ts'

/** Where a request carries its id; a `WeakMap` beside it costs the garbage collector more. */
const CALL_ID = Symbol('call id')

/** The id of a request: header, log field, ledger reference and error field. Always ours. */
export function callIdOf(request: IncomingMessage & { [CALL_ID]?: Id<'call'> }): Id<'call'> {
  return (request[CALL_ID] ??= newId('call'))
}

export function credentialsOf(request: Request): Credentials {
  const { headers } = request
  return {
    authorization: headers.authorization,
    apiKey: one(headers['x-api-key']) ?? one(headers['x-goog-api-key']) ?? keyInQuery(request),
    xCashu: one(headers['x-cashu']),
  }
}

export function visitOf(
  request: Request,
  response: Response,
  options: ReplyOptions & { tally?: Tally | undefined } = {},
): Visit {
  const { headers } = request
  return {
    callId: callIdOf(request),
    credentials: credentialsOf(request),
    mayClamp: one(headers['x-farebox-clamp'])?.toLowerCase() !== 'no',
    wantsChangeLater: one(headers['x-cashu-change'])?.toLowerCase() === 'later',
    reply: new ExpressReply(response, options),
    tally: options.tally,
  }
}

function keyInQuery(request: Request): string | undefined {
  if (!request.url.includes('key=')) return undefined
  return URL.parse(request.url, 'http://node')?.searchParams.get('key') ?? undefined
}

function one(header: string | string[] | undefined): string | undefined {
  const value = Array.isArray(header) ? header[0] : header
  return value === '' ? undefined : value
}
