import type { Route } from '../catalog/index.ts'
import type { CostReport, Delivered } from '../dialects/index.ts'
import type { DomainError } from '../lib/index.ts'
import { failpoint } from '../lib/index.ts'
import type { Upstreams } from '../upstreams/index.ts'
import { Attempt, type Forward, type ForwardedReading } from './attempt.ts'
import { broken, upstreamUnavailable } from './problems.ts'
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
    let route: Route | undefined
    for (route of routes) {
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
    return noReply(last ?? upstreamUnavailable({}), route, relay)
  }

  delivered(): Delivered {
    return this.#attempt?.delivered() ?? NOTHING
  }
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
