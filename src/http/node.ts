import type { Access } from '../access/index.ts'
import type { Cashu } from '../cashu/index.ts'
import type { Catalog } from '../catalog/index.ts'
import type { Clock, LogLine } from '../lib/index.ts'
import type { Answers } from './idempotency/answers.ts'
import type { Twins } from './idempotency/twins.ts'
import type { CallTally } from './metrics/call-tally.ts'
import type { CorsOrigins } from './middleware/common-headers.ts'
import type { BtcUsd } from '../money/index.ts'
import type { ModelCounter, Rooms } from '../proxy/index.ts'
import type { Storage } from '../storage/index.ts'
import type { Upstreams } from '../upstreams/index.ts'
import type { Payments, Payouts, Wallets } from '../wallets/index.ts'

/** The node as its doors see it: every room they lead to. */
export interface NodeRooms extends Rooms {
  readonly storage: Storage
  readonly access: Access
  readonly cashu: Cashu
  readonly catalog: Catalog
  readonly upstreams: Upstreams
  readonly wallets: Wallets
  readonly payments: Payments
  readonly payouts: Payouts
  readonly counter: ModelCounter
  readonly answers: Answers
  readonly twins: Twins
  readonly clock: Clock
  readonly profile: Profile
  /** What keeps the node from selling, as sentences; empty when it is ready. */
  readonly reasonsNotReady: () => readonly string[]
  /** Set once the node is shutting down. */
  readonly isClosing: () => boolean
  readonly log: LogLine
  /** Counts calls for the metrics; none: nobody counts. */
  readonly tally?: CallTally
  /** Origins whose pages may call. Default: all. */
  readonly corsOrigins?: CorsOrigins
  /** Whose `X-Forwarded-*` are believed. Default: nobody's. */
  readonly trustProxy?: TrustProxy
  /** How long a caller may stop reading before he is given up. Default: a minute. */
  readonly callerIdleMs?: number
}

export interface Profile {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly publicUrl: string | undefined
  /** The exchange rate for display; undefined where there is none. */
  readonly rate: () => BtcUsd | undefined
}

/** The number of proxies before the node, or their addresses (CIDR, or `loopback`, `uniquelocal`); `false` for none. */
type TrustProxy = false | number | readonly string[]

const CALLER_IDLE_MS = 60_000

export function callerIdleMs({ callerIdleMs: ms = CALLER_IDLE_MS }: Pick<NodeRooms, 'callerIdleMs'>): number {
  return ms
}
