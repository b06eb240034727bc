import type { Ask } from '../access/index.ts'
import type { CostReport, Delivered } from '../dialects/index.ts'
import type { Hold } from '../ledger/index.ts'
import type { DomainError } from '../lib/index.ts'
import type { Charge, Ending } from './charge-and-ending.ts'
import type { Relay } from './relay.ts'

export type { Charge, Ending } from './charge-and-ending.ts'

/** How far a call got, and what is still to be sent once it is settled. */
export interface Reading {
  readonly ending: Ending
  readonly problem: DomainError | undefined
  /** The bytes kept back, with the cost written in. Called once, after the settlement. */
  tail(report: CostReport | undefined): Buffer
}

/** One thing for sale to one visitor: its price bounds, how it is supplied, and what a reading of it costs. */
export interface Sale<R extends Reading = Reading> {
  /** What it may cost. */
  readonly price: Omit<Ask, 'tightened' | 'what'>
  /** The model or the route, for messages. */
  readonly what: string
  /** Prices it anew by a closer count of its input, for a payer who is short; false where nothing changed. */
  tighten(): Promise<boolean>
  /** Whether the caller asked for a stream; the reply is then live unless change has to travel in a header. */
  readonly isStream: boolean
  /** What recovery needs to charge the call, as JSON; see `orphans.ts`. */
  readonly terms: string
  /** Keeps what the record of the call refers to; nothing to wait for where it is kept already. */
  prepare(): Promise<void> | undefined
  /** Headers that every reply to this sale carries. */
  headers(hold: Hold): Readonly<Record<string, string>>
  /** Serves the call. Never throws for what a supplier can do wrong: the reading says how far it got. */
  supply(hold: Hold, relay: Relay): Promise<R>
  /** Pure. Never more than the hold. */
  charge(hold: Hold, reading: R): Charge
  /** How far it has got, for the heartbeat. */
  delivered(): Delivered
  /** An error in the middle of a stream that has begun. */
  streamProblem(problem: DomainError, callId: string): Buffer
}

/** Who serves: the node's upstreams, or the routes behind a `paywall`. */
export interface Supplier {
  /** Reads the request and prices it. @throws DomainError for what can be refused before anything is paid */
  offer(): Sale
}
