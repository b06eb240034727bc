import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response, Router } from 'express'
import { notFound, unforeseen } from './last-handlers.ts'
import { DoorFigures } from './metrics/door-figures.ts'
import { commonHeaders } from './middleware/common-headers.ts'
import { callerIdleMs, type NodeRooms } from './node.ts'
import { publicPathRemover } from './public-path.ts'
import { HEADER_BYTES_MAX, refuseClient } from './refuse-client.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { healthRoutes } from './routes/health.ts'
import { homeRoutes } from './routes/home.ts'
import { addInferenceRoutes } from './routes/inference.ts'
import { walletRoutes } from './routes/wallet.ts'

const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 120_000
/** How often Node looks for requests that are past those two. */
const CHECK_EVERY_MS = 5_000
/** Longer than the 60 s of the proxies before it, so that none sends a request on a connection that is being closed. */
const KEEP_ALIVE_MS = 65_000
/**
 * Each takes a file descriptor, some 40 KB, and one more descriptor for its upstream. What comes beyond is closed unread: a
 * node that runs out of either helps nobody, and no single node earns with so many.
 */
const CONNECTIONS_MAX = 10_000
const DROPS_LOGGED_EVERY_MS = 60_000

/**
 * The public app: paid routes first, because they are the hot ones; a preflight passes them by and is answered by
 * `commonHeaders`.
 */
export function publicApp(rooms: NodeRooms): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  // Whose `X-Forwarded-*` are believed: the home page's address and the limits of what is free depend on them.
  app.set('trust proxy', rooms.trustProxy ?? false)
  addInferenceRoutes(app, rooms)
  app.use(commonHeaders(rooms))
  app.use(mindIdleCaller(callerIdleMs(rooms)))
  app.use(walletRoutes(rooms))
  app.use(catalogueRoutes(rooms))
  app.use(healthRoutes(rooms))
  app.use(homeRoutes(rooms))
  app.use(notFound('GET / lists what this node offers. Nothing was charged.'))
  app.use(unforeseen(rooms))
  return app
}

/**
 * Wallet, refund and catalogue routes alone, to be mounted in another app beside a `paywall`. Only below `/v1`, and our
 * headers only there: the rest of that app is not ours to open to other origins.
 */
export function walletRouter(rooms: NodeRooms): Router {
  const router = Router()
  router.use(['/v1/wallet', '/v1/balance', '/v1/models', '/v1/info'], commonHeaders(rooms))
  router.use(walletRoutes(rooms, ['/v1/wallet', '/v1/balance']), catalogueRoutes(rooms, ['/v1']))
  return router
}

/** The server of the public app. Nothing listens yet. */
export function publicServer(app: Express, rooms: NodeRooms, door = new DoorFigures()): Server {
  const removePublicPath = publicPathRemover(() => rooms.profile.publicUrl)
  const server = createServer(
    {
      IncomingMessage: madeAs(IncomingMessage, app.request),
      ServerResponse: madeAs(ServerResponse, app.response),
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    // The app answers everything itself, so that Express need not make a last handler for each request.
    (request, response) => {
      removePublicPath(request)
      Reflect.apply(app, undefined, [request, response, () => response.destroy()])
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code = refuseClient(error, { socket, rooms })
    if (code !== undefined) door.reject(code)
  })
  limitConnections(server, rooms, door)
  return server
}

function limitConnections(server: Server, { log }: NodeRooms, door: DoorFigures): void {
  let mayLogAt = 0
  door.watch(server)
  server.maxConnections = CONNECTIONS_MAX
  server.on('drop', () => {
    door.dropped += 1
    if (performance.now() < mayLogAt) return
    mayLogAt = performance.now() + DROPS_LOGGED_EVERY_MS
    log('connections_full', { dropped: door.dropped })
  })
}

/** A connection on which nothing moves while we answer is broken off: what we wrote for it must not stay in memory. */
function mindIdleCaller(idleMs: number) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    request.socket.setTimeout(idleMs)
    next()
  }
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
