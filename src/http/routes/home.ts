import { type Request, type Response, Router } from 'express'
import helmet from 'helmet'
import type { NodeRooms } from '../node.ts'
import { baseUrlOf } from '../public-path.ts'
import { infoOf } from './catalogue.ts'
import { homePage } from './home-page.ts'

const PAGE_MODELS_MAX = 200

/** What a browser may do with the page: show it, with its own style, and nothing else. TLS is the proxy's to insist on. */
const pageHeaders = helmet({
  strictTransportSecurity: false,
  // Pages of other origins may read what stands here for programs.
  crossOriginResourcePolicy: false,
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'unsafe-inline'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
})

/** The front of the house: JSON for programs, a small page for a browser. */
export function homeRoutes(rooms: NodeRooms): Router {
  const router = Router()
  router.get('/', pageHeaders, (request, response) => home(rooms, request, response))
  return router
}

function home(rooms: NodeRooms, request: Request, response: Response): void {
  const reasons = rooms.reasonsNotReady()
  const baseUrl = baseUrlOf(rooms, request)
  const offers = reasons.length === 0 ? rooms.catalog.list() : []
  if (request.accepts(['json', 'html']) === 'html') {
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
      models: `${baseUrl}/v1/models`,
      chat: `${baseUrl}/v1/chat/completions`,
      embeddings: `${baseUrl}/v1/embeddings`,
      wallet: `${baseUrl}/v1/wallet/info`,
      refund: `${baseUrl}/v1/wallet/refund`,
    },
  })
}
