import { createServer, type Server } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import helmet from 'helmet'
import { notFound, unforeseen } from '../last-handlers.ts'
import type { Metrics } from '../metrics/registry.ts'
import type { NodeRooms } from '../node.ts'
import { healthRoutes } from '../routes/health.ts'
import { callIdOf } from '../visit.ts'
import { type AdminDoor, adminRoutes } from './admin-routes.ts'
import { ownHostsOnly } from './own-hosts.ts'

const HINT = 'The private listener has /healthz, /readyz, /metrics and POST /admin/commands/<name>.'
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const CHECK_EVERY_MS = 5_000
/** The operator, his monitoring, and nobody else. */
const CONNECTIONS_MAX = 256

export interface PrivateParts {
  readonly rooms: NodeRooms
  readonly metrics: Metrics
  /** None: there are no commands, only figures. */
  readonly admin?: Omit<AdminDoor, 'log'> | undefined
}

/** The operator's app: health, metrics and commands. No page of any origin may read it. */
export function privateApp({ rooms, metrics, admin }: PrivateParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(ownHostsOnly)
  app.use(helmet({ strictTransportSecurity: false }))
  app.use(named)
  app.use(healthRoutes(rooms))
  app.get('/metrics', async (_, response) => {
    response.setHeader('content-type', metrics.contentType)
    response.end(await metrics.text())
  })
  if (admin) app.use(adminRoutes({ ...admin, log: rooms.log }))
  app.use(notFound(HINT))
  app.use(unforeseen(rooms))
  return app
}

/** The server of the private app. Nothing listens yet. */
export function privateServer(app: Express): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    app,
  )
  server.maxConnections = CONNECTIONS_MAX
  return server
}

function named(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-request-id', callIdOf(request))
  next()
}
