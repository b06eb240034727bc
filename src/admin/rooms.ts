import type { Catalog, ExchangeRate, FreshPrices, PriceLists } from '../catalog/index.ts'
import type { Clock } from '../lib/index.ts'
import type { Settings } from '../settings/index.ts'
import type { NodeSecrets, Storage } from '../storage/index.ts'
import type { Upstreams } from '../upstreams/index.ts'
import type { RunningNode } from './doctor/index.ts'

/** What the operator's commands need of a node, whether it serves or its rooms were opened for one command. */
export interface AdminRooms {
  readonly dataDir: string
  readonly storage: Storage
  readonly secrets: NodeSecrets
  readonly clock: Clock
  readonly settings: Pick<Settings, 'show' | 'problems' | 'live' | 'preview' | 'apply'>
  readonly upstreams: AdminUpstreams
  readonly catalog: Pick<Catalog, 'list' | 'why' | 'costAt' | 'cheapestAt'>
  readonly priceLists: Pick<PriceLists, 'list'>
  readonly freshPrices: Pick<FreshPrices, 'egress'>
  readonly rate: Pick<ExchangeRate, 'refresh' | 'rate' | 'current' | 'feeds' | 'egress'>
  readonly mints: {
    /** Addresses of those whose ecash is taken. */
    accepted(): readonly string[]
    /** These, and those that the node still deals with. */
    all(): readonly string[]
  }
  /** Undefined where no node serves. */
  readonly node: () => RunningNode | undefined
}

type AdminUpstreams = Pick<
  Upstreams,
  | 'states'
  | 'rules'
  | 'refreshModels'
  | 'test'
  | 'add'
  | 'enable'
  | 'disable'
  | 'remove'
  | 'setRule'
  | 'dropRule'
>
