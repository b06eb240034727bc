import { type Request, type Response, Router } from 'express'
import type { NodeRooms } from '../node.ts'
import { infoOf } from './catalogue.ts'
import { homePage } from './home-page.ts'

const PAGE_MODELS_MAX = 200

/** The front of the house: JSON for programs, a small page for a browser. */
export function homeRoutes(rooms: NodeRooms): Router {
  const router = Router()
  router.get('/', (request, response) => home(rooms, request, response))
  return router
}

function home(rooms: NodeRooms, request: Request, response: Response): void {
  const reasons = rooms.reasonsNotReady()
  const offers = reasons.length === 0 ? rooms.catalog.list() : []
  if (request.accepts(['json', 'html']) === 'html') {
    response.setHeader(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    )
    response.setHeader('referrer-policy', 'no-referrer')
    response.setHeader('x-frame-options', 'DENY')
    const baseUrl = rooms.profile.publicUrl ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`
    response.type('html').send(
      homePage({
        profile: rooms.profile,
        baseUrl,
        mints: rooms.cashu.mints(),
        offers: offers.slice(0, PAGE_MODELS_MAX),
        reasons,
      }),
    )
    return
  }
  response.json({
    ...infoOf(rooms),
    ready: reasons.length === 0,
    ...(reasons.length > 0 && { reasons }),
    models: offers.map(({ model }) => model),
    endpoints: {
      models: '/v1/models',
      chat: '/v1/chat/completions',
      embeddings: '/v1/embeddings',
      wallet: '/v1/wallet/info',
      refund: '/v1/wallet/refund',
    },
  })
}
