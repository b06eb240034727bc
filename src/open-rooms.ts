import { readFileSync } from 'node:fs'
import { Access, makeSchemes } from './access/index.ts'
import { Cashu } from './cashu/index.ts'
import {
  Catalog,
  ExchangeRate,
  type Feed,
  FreshPrices,
  goodsFrom,
  OfferBook,
  openPriceLists,
  type PriceLists,
  TokenCounter,
} from './catalog/index.ts'
import { Answers, CallTally, type NodeRooms, Twins } from './http/index.ts'
import { openAccount } from './ledger/index.ts'
import { type Clock, DomainError, type Live, type LogLine, newId, systemClock, version } from './lib/index.ts'
import type { BtcUsd, MarginBp } from './money/index.ts'
import { Departures, Heartbeat } from './proxy/index.ts'
import type { Settings } from './settings/index.ts'
import type { NodeSecrets, Storage } from './storage/index.ts'
import { type Timeouts, type UpstreamConfig, Upstreams, type UpstreamsOptions } from './upstreams/index.ts'
import { Payments, Payouts, Wallets } from './wallets/index.ts'

/** What may change while the node runs. Whoever needs one asks for it then; a call keeps what it began with. */
export interface LiveOptions {
  /** Mints whose ecash is taken. */
  readonly mints: Live<readonly string[]>
  /** Of upstreams that have none of their own. */
  readonly marginBp: Live<MarginBp>
  /** Undefined: ask the feeds. `off`: there is none. */
  readonly btcUsd: Live<BtcUsd | 'off' | undefined>
  readonly allowedFields: Live<readonly string[]>
  /** Whether third parties are asked for the prices of upstreams. */
  readonly refreshesPrices: Live<boolean>
  /** `*` for all. */
  readonly corsOrigins: Live<readonly string[]>
  readonly name: Live<string>
  readonly description: Live<string>
  readonly publicUrl: Live<string | undefined>
}

/** What is set for the whole of a run. */
export interface RunOptions {
  /** What the environment declares; the operator's own are in the database. */
  readonly upstreams: readonly UpstreamConfig[]
  /** When an upstream that keeps failing is paused. */
  readonly pauses?: UpstreamsOptions['pauses']
  /** Who is asked for the price of bitcoin where none is set. Default: the public feeds that we know. */
  readonly feeds?: readonly Feed[]
  readonly trustProxy?: NodeRooms['trustProxy'] | undefined
  readonly timeouts?: Partial<Timeouts>
  readonly mintTimeoutMs?: number
  readonly mintWaitMs?: number
  /** How often running calls save what they have delivered. Default 5 s. */
  readonly heartbeatMs?: number
  readonly clock?: Clock
  readonly log?: LogLine
}

/** The cellar, which is open before all else. */
interface BaseRooms {
  readonly storage: Storage
  readonly secrets: NodeSecrets
  readonly settings: Settings
}

/** Every room of a running node. */
export interface AppRooms extends NodeRooms, BaseRooms {
  readonly tally: CallTally
  readonly rate: ExchangeRate
  readonly priceLists: PriceLists
  readonly freshPrices: FreshPrices
}

interface Plan extends BaseRooms {
  readonly live: LiveOptions
  readonly run: RunOptions
  readonly isClosing: () => boolean
}

/** Opens the rooms above the cellar, from the bottom up. Nothing is recovered and nobody listens yet. */
export async function openRooms(plan: Plan): Promise<AppRooms> {
  const { storage, secrets, settings, live, run, isClosing } = plan
  const { clock = systemClock, log = () => undefined } = run
  const cashu = await openCashu(plan, clock, log)
  const upstreams = await Upstreams.open({
    storage,
    vault: secrets.vault,
    declared: run.upstreams,
    clock,
    onEvent: log,
    pauses: run.pauses,
    ...(run.timeouts && { timeouts: run.timeouts }),
  })
  const rate = await openRate(plan, { upstreams, clock, log })
  const { freshPrices, priceLists } = await openPrices(plan, { upstreams, clock, log })
  const goods = goodsFrom(upstreams, live.marginBp)
  const catalog = new Catalog({ goods, rate: () => rate.rate(), priceLists, clock })
  const wallets = new Wallets({ storage, cashu, walletKey: secrets.walletKey, clock })
  const payments = new Payments({ storage, cashu, clock })
  const boot = newId('boot')
  const { heartbeatMs, trustProxy } = run
  return {
    storage,
    secrets,
    settings,
    cashu,
    catalog,
    rate,
    priceLists,
    freshPrices,
    tally: new CallTally(log),
    upstreams,
    wallets,
    payments,
    clock,
    boot,
    log,
    isClosing,
    payouts: new Payouts({ storage, cashu, clock }),
    access: new Access(makeSchemes({ cashu, wallets, payments, clock })),
    heartbeat: new Heartbeat(storage, heartbeatMs === undefined ? {} : { everyMs: heartbeatMs }),
    counter: {
      offerFor: (model) => catalog.offerFor(model),
      upstreams,
      offers: new OfferBook(storage),
      tokens: new TokenCounter(),
      get allowedFields() {
        return live.allowedFields.get()
      },
    },
    departures: new Departures(storage, boot),
    answers: new Answers({ storage, clock, boot }),
    twins: new Twins(),
    revenue: await storage.transact((tx) => openAccount(tx, { code: 'income:usage', kind: 'income' })),
    profile: profileOf(live, rate),
    reasonsNotReady: () =>
      isClosing() ? ['The node is shutting down.'] : missing(plan, { upstreams, rate, catalog }),
    corsOrigins: live.corsOrigins,
    ...(trustProxy !== undefined && { trustProxy }),
  }
}

function openCashu({ storage, secrets, live, run }: Plan, clock: Clock, onEvent: LogLine): Promise<Cashu> {
  const { mintTimeoutMs: timeoutMs, mintWaitMs: waitMs } = run
  return Cashu.open({
    storage,
    vault: secrets.vault,
    mints: live.mints,
    clock,
    onEvent,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(waitMs !== undefined && { waitMs }),
  })
}

interface Supply {
  readonly upstreams: Upstreams
  readonly clock: Clock
  readonly log: LogLine
}

/** The feeds are asked only while there is something to sell. */
function openRate({ storage, live, run }: Plan, { upstreams, clock, log }: Supply): Promise<ExchangeRate> {
  return ExchangeRate.open({
    storage,
    clock,
    log,
    fixed: live.btcUsd,
    isWanted: () => upstreams.states().some(({ isEnabled }) => isEnabled),
    ...(run.feeds && { feeds: run.feeds }),
  })
}

async function openPrices(
  { storage, live }: Plan,
  { upstreams, clock, log }: Supply,
): Promise<{ freshPrices: FreshPrices; priceLists: PriceLists }> {
  const freshPrices = await FreshPrices.open({
    storage,
    clock,
    log,
    isOn: live.refreshesPrices,
    upstreams: () => upstreams.states().flatMap(({ config, isEnabled }) => (isEnabled ? [config] : [])),
  })
  const priceLists = openPriceLists({
    readFile: (path) => readFileSync(path, 'utf8'),
    providers: freshPrices,
  })
  for (const { config, origin, isEnabled } of upstreams.states())
    if (origin === 'environment' && isEnabled) checkPrices(priceLists, config)
  return { freshPrices, priceLists }
}

/** How the node shows itself, at every moment as it is set then. */
function profileOf(live: LiveOptions, rate: ExchangeRate): NodeRooms['profile'] {
  return {
    version,
    rate: () => rate.current()?.rate,
    get name() {
      return live.name.get()
    },
    get description() {
      return live.description.get()
    },
    get publicUrl() {
      return live.publicUrl.get()
    },
  }
}

/** A wrong price list stops the start, with the name of the upstream that it was written for. */
function checkPrices(priceLists: PriceLists, { id, prices }: UpstreamConfig): void {
  try {
    priceLists.list(prices)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw new DomainError(error.code, `The prices of the upstream "${id}" are wrong. ${error.message}`, {
      cause: error,
    })
  }
}

interface Shelf {
  readonly upstreams: Upstreams
  readonly rate: ExchangeRate
  readonly catalog: Catalog
}

/** What keeps the node from selling, each with the next step. */
function missing({ storage, live }: Plan, { upstreams, rate, catalog }: Shelf): string[] {
  const found: string[] = storage.failure ? [storage.failure.message] : []
  const hasUpstreams = upstreams.states().some(({ isEnabled }) => isEnabled)
  if (live.mints.get().length === 0)
    found.push(
      'No mint is set. Write FAREBOX_MINTS=https://… (comma-separated), or run farebox config set MINTS=https://…',
    )
  if (!hasUpstreams) {
    found.push(
      'No upstream is set. Write FAREBOX_UPSTREAM_MAIN_URL, _KEY and _PRICES, or farebox upstreams add.',
    )
  }
  const noRate = hasUpstreams ? whyNoRate(rate) : undefined
  if (noRate !== undefined) found.push(noRate)
  else if (hasUpstreams && catalog.list().length === 0)
    found.push('No upstream has a model with a known price. farebox upstreams list and models why tell more.')
  return found
}

function whyNoRate(rate: ExchangeRate): string | undefined {
  try {
    rate.rate()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
