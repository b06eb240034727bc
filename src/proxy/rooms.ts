import type { Access } from '../access/index.ts'
import type { AccountId } from '../ledger/index.ts'
import type { Clock } from '../lib/index.ts'
import type { Storage } from '../storage/index.ts'
import type { Departures } from './departures.ts'
import type { Heartbeat } from './heartbeat.ts'

/** What a journey needs of the house. */
export interface Rooms {
  readonly storage: Storage
  readonly access: Access
  readonly heartbeat: Heartbeat
  readonly departures: Departures
  readonly clock: Clock
  /** Names this run of the process on its holds. */
  readonly boot: string
  /** The income account of calls. */
  readonly revenue: AccountId
}
