import { createServer, IncomingMessage, ServerResponse, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import express, { type Express, type NextFunction, type Request, type Response, Router } from 'express'
import { renderOpenAiProblem } from '../dialects/index.ts'
import { DomainError, newId } from '../lib/index.ts'
import { commonHeaders } from './middleware/common-headers.ts'
import type { NodeRooms } from './node.ts'
import { toProblem } from './problems.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { healthRoutes } from './routes/health.ts'
import { homeRoutes } from './routes/home.ts'
import { addInferenceRoutes } from './routes/inference.ts'
import { walletRoutes } from './routes/wallet.ts'
import { sendProblem } from './send-problem.ts'

/** Ecash with many proofs travels in a header. */
const HEADER_BYTES_MAX = 65_536
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 120_000
const KEEP_ALIVE_MS = 65_000

/**
 * The public app: paid routes first, because they are the hot ones; a preflight passes them by and is answered by
 * `commonHeaders`.
 */
export function publicApp(rooms: NodeRooms): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  addInferenceRoutes(app, rooms)
  app.use(commonHeaders)
  app.use(walletRoutes(rooms))
  app.use(catalogueRoutes(rooms))
  app.use(healthRoutes(rooms))
  app.use(homeRoutes(rooms))
  app.use(notFound)
  app.use(unforeseen(rooms))
  return app
}

/**
 * Wallet, refund and catalogue routes alone, to be mounted in another app beside a `paywall`. Only below `/v1`, and our
 * headers only there: the rest of that app is not ours to open to other origins.
 */
export function walletRouter(rooms: NodeRooms): Router {
  const router = Router()
  router.use(['/v1/wallet', '/v1/balance', '/v1/models', '/v1/info'], commonHeaders)
  router.use(walletRoutes(rooms, ['/v1/wallet', '/v1/balance']), catalogueRoutes(rooms, ['/v1']))
  return router
}

/** The server of the public app. Nothing listens yet. */
export function publicServer(app: Express, rooms: NodeRooms): Server {
  const server = createServer(
    {
      IncomingMessage: madeAs(IncomingMessage, app.request),
      ServerResponse: madeAs(ServerResponse, app.response),
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    // The app answers everything itself, so that Express need not make a last handler for each request.
    (request, response) => void Reflect.apply(app, undefined, [request, response, () => response.destroy()]),
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseClient(error, socket, rooms))
  return server
}

/**
 * A class whose objects have the prototype that Express would give them: it finds it there and does not exchange it, which
 * would make every later look at a request slow.
 */
function madeAs<Base extends typeof IncomingMessage | typeof ServerResponse>(
  base: Base,
  prototype: object,
): Base {
  function Made(...args: unknown[]): object {
    return Reflect.construct(base, args, Made)
  }
  Made.prototype = prototype
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it constructs what its base does
  return Made as unknown as Base
}

function notFound(request: Request, response: Response): void {
  const path = request.path.length > 200 ? `${request.path.slice(0, 200)}…` : request.path
  const error = new DomainError(
    'not_found',
    `Path '${path}' not found for ${request.method}. GET / lists what this node offers. Nothing was charged.`,
  )
  sendProblem(error, { request, response })
}

// Express knows an error handler by its four arguments.
// oxlint-disable-next-line max-params
function unforeseen(rooms: NodeRooms) {
  // oxlint-disable-next-line max-params
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const isBadPath = error instanceof URIError
    if (!isBadPath) rooms.log('request_failed', { path: request.path, error })
    const shown = isBadPath ? new DomainError('not_found', `Path '${request.path}' not found`) : error
    sendProblem(shown, { request, response })
  }
}

/** What Node's parser refuses before Express sees it, in our shape. */
function refuseClient(error: NodeJS.ErrnoException, socket: Duplex, rooms: NodeRooms): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const known = isTooLarge
    ? new DomainError(
        'headers_too_large',
        `The headers are larger than ${HEADER_BYTES_MAX} bytes. Send large ecash in the body of POST /v1/wallet/create. Nothing was charged.`,
      )
    : new DomainError('bad_http', 'This is not a request that the node can read. Nothing was charged.')
  rooms.log('http_rejected', { code: known.code })
  const requestId = newId('call')
  const { problem } = toProblem(known, requestId)
  const body = renderOpenAiProblem(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: application/json\r\n` +
      `x-request-id: ${requestId}\r\nx-routstr-request-id: ${requestId}\r\naccess-control-allow-origin: *\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
