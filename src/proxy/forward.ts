import type { Offer, Route } from '../catalog/index.ts'
import type { CostReport, Delivered } from '../dialects/index.ts'
import type { DomainError } from '../lib/index.ts'
import { failpoint } from '../lib/index.ts'
import type { Upstreams } from '../upstreams/index.ts'
import { Attempt, type Forward, type ForwardedReading } from './attempt.ts'
import { broken, upstreamPaused, upstreamRateLimit, upstreamUnavailable } from './problems.ts'
import type { Relay } from './relay.ts'

const NOTHING: Delivered = { outputEstimate: 0, hasContent: false }

/** Tries the routes in order; another one serves only while nothing has left for the caller. */
export class Forwarding {
  readonly #upstreams: Upstreams
  readonly #forward: Forward
  #attempt: Attempt | undefined

  constructor(upstreams: Upstreams, forward: Forward) {
    this.#upstreams = upstreams
    this.#forward = forward
  }

  /** Never throws: a bug of ours on the way must not leave a hold open. */
  async run(): Promise<ForwardedReading> {
    try {
      return await this.#tryRoutes()
    } catch (cause) {
      return noReply(broken(cause), this.#forward.routes[0], this.#forward.relay)
    }
  }

  async #tryRoutes(): Promise<ForwardedReading> {
    const { relay, routes } = this.#forward
    let last: DomainError | undefined
    let tried: Route | undefined
    for (const route of routes) {
      if (this.#upstreams.unavailable(route.upstreamId)) continue
      tried = route
      const attempt = new Attempt(this.#forward, route)
      this.#attempt = attempt
      const sending = this.#upstreams.send(attempt.call(), attempt)
      failpoint('call.upstream-sent')
      const outcome = await sending
      failpoint('call.upstream-ended')
      const end = attempt.end(outcome)
      if (end.kind === 'reading') return end.reading
      last = end.problem
      if (!end.mayTryAnother || relay.hasLeft || relay.isGone()) break
    }
    return noReply(last ?? pausedProblem(this.#upstreams, routes) ?? upstreamUnavailable({}), tried, relay)
  }

  delivered(): Delivered {
    return this.#attempt?.delivered() ?? NOTHING
  }
}

/** What a call is told of which no route can be used now; undefined where one can. */
export function pausedProblem(upstreams: Upstreams, routes: Offer['routes']): DomainError | undefined {
  let retryAfterS = Infinity
  let isLimited = false
  for (const { upstreamId } of routes) {
    const unavailable = upstreams.unavailable(upstreamId)
    if (!unavailable) return undefined
    if (unavailable.retryAfterS >= retryAfterS) continue
    retryAfterS = unavailable.retryAfterS
    isLimited = unavailable.isLimited
  }
  return isLimited ? upstreamRateLimit(retryAfterS) : upstreamPaused(retryAfterS)
}

function noReply(problem: DomainError, route: Route | undefined, relay: Relay): ForwardedReading {
  return {
    ending: 'failed',
    problem,
    wasLive: relay.isLive,
    reported: undefined,
    delivered: NOTHING,
    route,
    tail: (_report: CostReport | undefined) => Buffer.alloc(0),
  }
}
