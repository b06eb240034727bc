import type { NextFunction, Request, Response } from 'express'
import type { Delivered } from '../dialects/index.ts'
import { DomainError } from '../lib/index.ts'
import { addMsat, type Msat, msatToUsd, ZERO } from '../money/index.ts'
import {
  type Charge,
  fixedTerms,
  type Reading,
  type Relay,
  type Sale,
  serve,
  type Supplier,
} from '../proxy/index.ts'
import { usageRecord } from '../analytics/index.ts'
import type { NodeRooms } from './node.ts'
import { RouteReply } from './route-reply.ts'
import { sendProblem } from './send-problem.ts'
import { callIdOf, visitOf } from './visit.ts'

const TIMEOUT_MS = 600_000

interface PaywallOptions {
  readonly rooms: NodeRooms
  /** What one request costs, above zero. May depend on the request; it is asked once. */
  readonly price: Msat | ((request: Request) => Msat)
  /** After this long without an answer the call ends and costs nothing. Milliseconds. */
  readonly timeoutMs?: number
}

/**
 * Express middleware that has a request paid before the routes behind it run, by any scheme the node takes. The price is
 * owed once a byte of a < 400 answer has left, or its caller left and the route went on to answer < 400. A throw,
 * `next(error)`, an answer ≥ 400 or a timeout before that costs nothing.
 */
export function paywall({ rooms, price, timeoutMs = TIMEOUT_MS }: PaywallOptions) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const callId = callIdOf(request)
    response.setHeader('x-request-id', callId)
    response.setHeader('x-routstr-request-id', callId)
    const route = new RouteReply(request, response)
    try {
      const cost = typeof price === 'function' ? price(request) : price
      await serve(
        rooms,
        visitOf(request, response, { writer: route.writer, idleMs: rooms.callerIdleMs }),
        routeSupplier({ rooms, route, cost, timeoutMs, next, request }),
      )
    } catch (error) {
      route.restore()
      sendProblem(error, { request, response })
      route.mute()
    }
  }
}

interface RouteOrder {
  readonly rooms: NodeRooms
  readonly route: RouteReply
  readonly cost: Msat
  readonly timeoutMs: number
  readonly next: NextFunction
  readonly request: Request
}

function routeSupplier(order: RouteOrder): Supplier {
  return { offer: () => new RouteSale(order) }
}

class RouteSale implements Sale {
  readonly price: Sale['price']
  readonly what: string
  readonly isStream = true
  readonly terms: string
  readonly #order: RouteOrder
  #isGood = false
  #hasContent = false

  constructor(order: RouteOrder) {
    const { cost, request } = order
    this.#order = order
    this.what = `${request.method} ${request.baseUrl}${request.path}`
    this.price = {
      floor: cost,
      gate: cost,
      ceiling: cost,
      formula: cost,
      gateWith: (fee) => addMsat(cost, fee),
    }
    this.terms = fixedTerms(cost)
  }

  async tighten(): Promise<boolean> {
    return false
  }

  prepare(): undefined {
    return undefined
  }

  headers(): Record<string, string> {
    return {}
  }

  async supply(_hold: unknown, relay: Relay): Promise<Reading> {
    const { route, next, timeoutMs } = this.#order
    const end = await route.run({
      next,
      timeoutMs,
      head: (status, headers) => {
        this.#isGood = status < 400
        relay.begin(status, headers)
      },
      piece: (chunk) => {
        const mayGoOn = relay.pass(chunk)
        this.#hasContent = relay.hasLeft && this.#isGood
        return mayGoOn
      },
      onDrain: (listener) => relay.onDrain(listener),
    })
    if (end.kind === 'timeout' && relay.hasLeft) {
      // What has left is owed; what has not is not to look like the end of the answer.
      relay.cut()
      return { ending: this.#hasContent ? 'cut' : 'failed', problem: undefined, tail: () => Buffer.alloc(0) }
    }
    if (end.kind === 'timeout') {
      const problem = new DomainError(
        'supplier_timeout',
        'This route did not answer in time. Nothing was charged.',
      )
      return { ending: 'failed', problem, tail: () => Buffer.alloc(0) }
    }
    return { ending: end.status < 400 ? 'complete' : 'failed', problem: undefined, tail: () => end.last }
  }

  charge(_hold: unknown, reading: Reading): Charge {
    const isOwed = reading.ending === 'complete' || reading.ending === 'cut'
    const { cost, rooms } = this.#order
    const rate = rooms.profile.rate()
    return {
      msat: isOwed ? cost : ZERO,
      inputMsat: ZERO,
      outputMsat: isOwed ? cost : ZERO,
      usd: isOwed && rate ? msatToUsd(cost, rate) : 0,
      estimated: false,
      upstreamPicoUsd: 0n,
      record: usageRecord({
        sold: { route: this.what, rate },
        upstream: undefined,
        ending: reading.ending,
        usage: undefined,
        estimated: false,
        picoUsd: 0n,
        upstreamPicoUsd: 0n,
        charge: isOwed ? cost : ZERO,
      }),
    }
  }

  delivered(): Delivered {
    return { outputEstimate: 0, hasContent: this.#hasContent }
  }

  streamProblem(): Buffer {
    return Buffer.alloc(0)
  }
}
