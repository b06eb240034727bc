import { type Request, type Response, Router } from 'express'
import { modelEntry } from '../../catalog/index.ts'
import type { NodeRooms } from '../node.ts'
import { sendProblem } from '../send-problem.ts'

/** What is for sale, and by whom. No credential is asked for. */
export function catalogueRoutes(rooms: NodeRooms, bases: readonly string[] = ['/v1', '']): Router {
  const router = Router()
  for (const base of bases) {
    router.get(`${base}/models`, (request, response) => list(rooms, request, response))
    router.get(`${base}/models/*id`, (request, response) => one(rooms, request, response))
    router.get(`${base}/info`, (_, response) => void response.json(infoOf(rooms)))
  }
  return router
}

function list(rooms: NodeRooms, request: Request, response: Response): void {
  try {
    response.json({ object: 'list', data: rooms.catalog.list().map(modelEntry) })
  } catch (error) {
    sendProblem(error, { request, response })
  }
}

function one(rooms: NodeRooms, request: Request, response: Response): void {
  try {
    const segments = request.params['id'] ?? ''
    const id = Array.isArray(segments) ? segments.join('/') : segments
    response.json(modelEntry(rooms.catalog.offerFor(id.replace(/\/$/, ''))))
  } catch (error) {
    sendProblem(error, { request, response })
  }
}

/** `/v1/info` in the shape of the Routstr network (`routstr-clients` §2.2). */
export function infoOf({ profile, cashu }: NodeRooms): Record<string, unknown> {
  return {
    name: profile.name,
    description: profile.description,
    version: profile.version,
    software: 'farebox',
    npub: null,
    mints: cashu.mints(),
    http_url: profile.publicUrl ?? null,
    onion_url: null,
    child_key_cost_msats: 0,
  }
}
