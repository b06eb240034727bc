import { type Response, Router } from 'express'
import type { NodeRooms } from '../node.ts'
import { pingRoutes } from './ping.ts'

function alive(_: unknown, response: Response): void {
  response.json({ status: 'ok' })
}

/** Whether the process lives, and whether the node can sell. */
export function healthRoutes(rooms: NodeRooms): Router {
  const router = Router()
  router.get('/healthz', alive)
  router.use(pingRoutes(rooms))
  router.get('/health', (_, response) => {
    response.json({
      status: 'ok',
      ready: rooms.reasonsNotReady().length === 0,
      version: rooms.profile.version,
    })
  })
  router.get('/readyz', (_, response) => {
    const reasons = rooms.reasonsNotReady()
    response.status(reasons.length === 0 ? 200 : 503).json({ ready: reasons.length === 0, reasons })
  })
  return router
}
