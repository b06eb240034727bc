import { hash, timingSafeEqual } from 'node:crypto'
import { type NextFunction, type Request, type Response, Router } from 'express'
import { DomainError, type LogLine } from '../../lib/index.ts'
import { readBody } from '../read-body.ts'
import { sendProblem } from '../send-problem.ts'
import { callIdOf } from '../visit.ts'

const BODY_BYTES_MAX = 1024 * 1024

export interface AdminDoor {
  /** Whoever shows it may do everything. */
  readonly token: string
  /**
   * Runs the operator's command of that name; what it gives becomes JSON.
   * @throws DomainError `command_unknown`, or whatever the command has to say
   */
  readonly run: (name: string, body: unknown) => Promise<unknown>
  readonly log: LogLine
}

/** `POST /admin/commands/<name>`, with a JSON body: the operator's commands, for who has the token. */
export function adminRoutes(door: AdminDoor): Router {
  const router = Router()
  router.use('/admin', (request, response, next) => bearerOnly(door, { request, response, next }))
  router.post('/admin/commands/:name', (request, response) => command(door, { request, response }))
  return router
}

interface Exchange {
  readonly request: Request
  readonly response: Response
}

function bearerOnly(
  { token, log }: AdminDoor,
  { request, response, next }: Exchange & { next: NextFunction },
): void {
  const shown = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (shown !== undefined && isSame(shown, token)) return next()
  log('http_rejected', { callId: callIdOf(request), code: 'admin_unauthorized' })
  response.setHeader('www-authenticate', 'Bearer')
  sendProblem(
    new DomainError(
      'admin_unauthorized',
      'Show the token of this node: Authorization: Bearer <token>. It stands in control.json in the data directory.',
    ),
    { request, response },
  )
}

async function command({ run, log }: AdminDoor, { request, response }: Exchange): Promise<void> {
  const callId = callIdOf(request)
  const given = request.params['name']
  const name = typeof given === 'string' ? given : ''
  try {
    const result = await run(name, readJson(await readBody(request, BODY_BYTES_MAX)))
    log('admin_command', { callId, command: name.slice(0, 60) })
    response.setHeader('cache-control', 'no-store')
    response.json(result ?? null)
  } catch (error) {
    const isKnown = error instanceof DomainError
    if (!isKnown) log('request_failed', { callId, error })
    const code = isKnown ? error.code : 'internal_error'
    log('admin_command', { callId, command: name.slice(0, 60), code })
    sendProblem(error, { request, response })
  }
}

/** No body is no arguments. */
function readJson(body: Buffer): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new DomainError('invalid_json', 'The body is not JSON. Nothing was changed.')
  }
}

/** In a time that tells nothing of where the two differ, nor of how long the right one is. */
function isSame(shown: string, token: string): boolean {
  return timingSafeEqual(hash('sha256', shown, 'buffer'), hash('sha256', token, 'buffer'))
}
