import type { Express, Request, RequestHandler, Router } from 'express'
import { App } from './app.ts'
import { type NodeRooms, paywall as paywallFor, walletRouter } from './http/index.ts'
import { type Msat, msat, satToMsat } from './money/index.ts'
import { type NodeOptions, readNodeOptions } from './node-options.ts'

export type { NodeOptions, UpstreamOptions } from './node-options.ts'

/** A running node: it takes ecash and keeps the books. It listens only when told to; `router` puts it into another app. */
export interface FareboxNode extends AsyncDisposable {
  /** Wallet, refund and catalogue routes (`/v1/wallet`, `/v1/balance`, `/v1/models`, `/v1/info`), to mount beside a `paywall`. */
  readonly router: Router
  /** The whole node as an Express app: the routes above, and the AI routes. */
  readonly express: Express
  /** What keeps it from selling models, as sentences; empty when it is ready. */
  reasonsNotReady(): readonly string[]
  /** Listens by itself, on 127.0.0.1:8080 unless told otherwise. @returns its address, as `http://127.0.0.1:8080` */
  listen(at?: { host?: string; port?: number }): Promise<string>
  /** Lets running calls finish for `graceMs` (default 0), then cuts and settles them, and closes the database. */
  close(options?: { graceMs?: number }): Promise<void>
}

/** What a request costs: whole sats, or thousandths of one. Above zero. */
export type Price = { readonly sat: number } | { readonly msat: number | bigint }

export interface PaywallOptions {
  readonly node: FareboxNode
  /** The price, or how to find it from the request. It is asked once for each request, before anything is taken. */
  readonly price: Price | ((request: Request) => Price)
  /** A route that has not answered by then is cut off and costs nothing. Default 10 minutes. */
  readonly timeoutMs?: number
}

const roomsOf = new WeakMap<FareboxNode, NodeRooms>()

/**
 * Opens a node on its data directory and takes up what an earlier run left open. One process at a time.
 * @throws DomainError `setting_invalid`, `directory_locked`, `schema_too_new`
 */
export async function createNode(options: NodeOptions): Promise<FareboxNode> {
  const app = await App.open(readNodeOptions(options))
  const node: FareboxNode = {
    router: walletRouter(app.rooms),
    express: app.express,
    reasonsNotReady: () => app.rooms.reasonsNotReady(),
    listen: ({ host = '127.0.0.1', port = 8080 } = {}) => app.listen({ host, port }),
    close: (how) => app.close(how),
    [Symbol.asyncDispose]: () => app.close(),
  }
  roomsOf.set(node, app.rooms)
  return node
}

/**
 * Express middleware: whoever wants through pays first, by `sk-` key, ecash as the key, or one-shot `X-Cashu` with its
 * change in the reply. The price is owed once a byte of a < 400 answer has left, or its caller left and the route went on
 * to answer < 400; anything else costs nothing.
 * @example app.get('/joke', paywall({ node, price: { sat: 2 } }), (_, response) => response.send('…'))
 */
export function paywall({ node, price, timeoutMs }: PaywallOptions): RequestHandler {
  const rooms = roomsOf.get(node)
  if (!rooms) throw new TypeError('paywall needs a node that createNode made')
  return paywallFor({
    rooms,
    price: typeof price === 'function' ? (request) => priceOf(price(request)) : priceOf(price),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
}

function priceOf(price: Price): Msat {
  const [amount, unit] = 'sat' in price ? [price.sat, 'sat'] : [price.msat, 'msat']
  if (typeof amount === 'number' && !Number.isSafeInteger(amount))
    throw new TypeError(`A price is a whole number of ${unit}, not ${amount}`)
  if (amount <= 0) throw new RangeError(`A price is above zero, not ${amount} ${unit}`)
  return 'sat' in price ? satToMsat(price.sat) : msat(BigInt(price.msat))
}
