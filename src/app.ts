import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { Access, makeSchemes } from './access/index.ts'
import { Cashu } from './cashu/index.ts'
import { Catalog, type Goods, OfferBook, openPriceLists, TokenCounter } from './catalog/index.ts'
import { Answers, type NodeRooms, publicApp, publicServer, Twins } from './http/index.ts'
import { openAccount } from './ledger/index.ts'
import { type Clock, DomainError, newId, sleep, systemClock, version } from './lib/index.ts'
import type { BtcUsd, MarginBp } from './money/index.ts'
import { closeOrphans, Departures, Heartbeat, returnUndelivered } from './proxy/index.ts'
import { openNodeKey, Storage } from './storage/index.ts'
import { type Timeouts, type UpstreamConfig, Upstreams } from './upstreams/index.ts'
import { Payments, Payouts, Wallets } from './wallets/index.ts'

/** What a node is made of. Everything has been checked by then; amounts are msat, times are milliseconds. */
export interface AppOptions {
  readonly dataDir: string
  /** Root keys; none means the file in the data directory. */
  readonly secretKeys?: readonly string[]
  readonly mints: readonly string[]
  readonly upstreams: readonly UpstreamConfig[]
  readonly marginBp?: MarginBp
  /** The price of bitcoin; without one nothing can be sold. */
  readonly btcUsd: BtcUsd | undefined
  readonly allowedFields?: readonly string[]
  readonly profile?: {
    readonly name?: string
    readonly description?: string
    readonly publicUrl?: string | undefined
  }
  readonly timeouts?: Partial<Timeouts>
  readonly mintTimeoutMs?: number
  readonly mintWaitMs?: number
  /** How often running calls save what they have delivered. Default 5 s. */
  readonly heartbeatMs?: number
  readonly clock?: Clock
  readonly log?: Log
}

export type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void

const JOB_EVERY_MS = 60_000
const DEPARTURES_EVERY_MS = 5000
const MODELS_WAIT_MS = 3000
const MODELS_EVERY_MS = 10 * 60_000

/** A running node. `express` and `server` are its public door; nothing listens until `listen`. */
export class App implements AsyncDisposable {
  readonly rooms: NodeRooms
  readonly express: Express
  readonly server: Server
  readonly #timers: NodeJS.Timeout[] = []
  readonly #state: { isClosing: boolean }

  private constructor(rooms: NodeRooms, state: { isClosing: boolean }) {
    this.rooms = rooms
    this.#state = state
    this.express = publicApp(rooms)
    this.server = publicServer(this.express, rooms)
  }

  /** Opens the rooms, closes what an earlier run left open, and begins to look at mints and upstreams. */
  static async open(options: AppOptions): Promise<App> {
    const state = { isClosing: false }
    const rooms = await openRooms(options, state)
    const app = new App(rooms, state)
    await app.#recover()
    app.#every(JOB_EVERY_MS, () => app.#minutely())
    app.#every(DEPARTURES_EVERY_MS, () => rooms.departures.flush())
    app.#every(MODELS_EVERY_MS, () => rooms.upstreams.refreshModels())
    return app
  }

  /** @returns the address it listens on, as `http://127.0.0.1:8080` */
  async listen({ host, port }: { host: string; port: number }): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, host, resolve)
    })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has this kind of address
    const address = this.server.address() as AddressInfo
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  }

  /** Refuses new calls, lets running ones finish for `graceMs`, then cuts and settles them, and closes everything. */
  async close({ graceMs = 0 }: { graceMs?: number } = {}): Promise<void> {
    if (this.#state.isClosing) return
    this.#state.isClosing = true
    for (const timer of this.#timers) clearInterval(timer)
    const deadline = Date.now() + graceMs
    while (this.rooms.heartbeat.running > 0 && Date.now() < deadline) await pause(20)
    await this.rooms.upstreams.close()
    const settled = Date.now() + SETTLE_MS
    while (this.rooms.heartbeat.running > 0 && Date.now() < settled) await pause(5)
    this.server.close()
    this.server.closeIdleConnections()
    await pause(5)
    this.server.closeAllConnections()
    this.rooms.heartbeat.stop()
    await this.rooms.departures.flush().catch((error: unknown) => this.rooms.log('job_failed', { error }))
    await this.rooms.counter.tokens.close()
    await this.rooms.cashu.close()
    await this.rooms.storage[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #recover(): Promise<void> {
    const { rooms } = this
    const returned = await returnUndelivered(rooms, {
      payments: rooms.payments,
      answered: (holdIds) => rooms.answers.answeredOf(holdIds),
    })
    const closed = await closeOrphans(rooms, {
      payments: rooms.payments,
      offers: rooms.counter.offers,
      failed: (callId, error) => rooms.log('job_failed', { callId, error }),
    })
    const givenBack = await rooms.payments.giveBackIdle({ atStart: true })
    if (closed + givenBack + returned > 0) rooms.log('orphans_closed', { closed, givenBack, returned })
    rooms.cashu.resume().catch((error: unknown) => rooms.log('job_failed', { error }))
    // An upstream that is slow to answer must not keep the node from serving what it can.
    await Promise.race([rooms.upstreams.refreshModels(), sleep(MODELS_WAIT_MS)])
  }

  async #minutely(): Promise<void> {
    await this.rooms.payments.giveBackIdle({ atStart: false })
    await this.rooms.payments.payReturns()
    await this.rooms.answers.forgetExpired()
    // One that broke off by a fault of ours is tried again; what runs is left alone.
    await this.rooms.cashu.resume()
    await this.rooms.cashu.sweepIssued()
  }

  #every(ms: number, job: () => Promise<unknown>): void {
    const timer = setInterval(() => {
      job().catch((error: unknown) => this.rooms.log('job_failed', { error }))
    }, ms)
    timer.unref()
    this.#timers.push(timer)
  }
}

const SETTLE_MS = 5000

async function openRooms(options: AppOptions, state: { isClosing: boolean }): Promise<NodeRooms> {
  const { dataDir, secretKeys = [], clock = systemClock, log = () => undefined } = options
  const storage = Storage.open(dataDir)
  const { vault, walletKey } = await openNodeKey(storage, { dataDir, given: secretKeys })
  const { mints, mintTimeoutMs: timeoutMs, mintWaitMs: waitMs, timeouts, heartbeatMs } = options
  const waits = { ...(timeoutMs !== undefined && { timeoutMs }), ...(waitMs !== undefined && { waitMs }) }
  const cashu = await Cashu.open({ storage, vault, mints, clock, onEvent: log, ...waits })
  const upstreams = new Upstreams({
    configs: options.upstreams,
    clock,
    onEvent: log,
    ...(timeouts && { timeouts }),
  })
  const catalog = openCatalog(options, upstreams, clock)
  const wallets = new Wallets({ storage, cashu, walletKey, clock })
  const payments = new Payments({ storage, cashu, clock })
  const boot = newId('boot')
  return {
    storage,
    cashu,
    catalog,
    upstreams,
    wallets,
    payments,
    payouts: new Payouts({ storage, cashu, clock }),
    access: new Access(makeSchemes({ cashu, wallets, payments, clock })),
    heartbeat: new Heartbeat(storage, heartbeatMs === undefined ? {} : { everyMs: heartbeatMs }),
    counter: {
      offerFor: (model) => catalog.offerFor(model),
      upstreams,
      offers: new OfferBook(storage),
      tokens: new TokenCounter(),
      allowedFields: options.allowedFields ?? [],
    },
    departures: new Departures(storage, boot),
    clock,
    boot,
    answers: new Answers({ storage, clock, boot }),
    twins: new Twins(),
    revenue: await storage.transact((tx) => openAccount(tx, { code: 'income:usage', kind: 'income' })),
    profile: profileOf(options),
    reasonsNotReady: () => reasons(options, { catalog, state }),
    isClosing: () => state.isClosing,
    log,
  }
}

function profileOf({ profile, btcUsd }: AppOptions): NodeRooms['profile'] {
  return {
    name: profile?.name ?? 'Farebox node',
    description: profile?.description ?? 'AI models, paid per request in ecash',
    version,
    publicUrl: profile?.publicUrl,
    rate: () => btcUsd,
  }
}

function openCatalog(options: AppOptions, upstreams: Upstreams, clock: Clock): Catalog {
  const priceLists = openPriceLists({ readFile: (path) => readFileSync(path, 'utf8') })
  for (const { prices } of options.upstreams) priceLists.list(prices)
  let seen: ReturnType<Upstreams['states']> | undefined
  let goods: readonly Goods[] = []
  return new Catalog({
    goods: () => {
      const states = upstreams.states()
      if (states === seen) return goods
      seen = states
      goods = states.map(({ config, models }) => ({
        upstreamId: config.id,
        order: config.order,
        prices: config.prices,
        marginBp: config.marginBp ?? options.marginBp ?? 0,
        models,
      }))
      return goods
    },
    rate: () => options.btcUsd ?? noRate(),
    priceLists,
    clock,
  })
}

function noRate(): never {
  throw new DomainError(
    'rate_unavailable',
    'The node has no price of bitcoin, so it cannot sell. Nothing was charged; its operator has to set FAREBOX_BTC_USD.',
    { retryAfterS: 60 },
  )
}

/** What keeps the node from selling, each with the next step. */
function reasons(
  options: AppOptions,
  { catalog, state }: { catalog: Catalog; state: { isClosing: boolean } },
): string[] {
  if (state.isClosing) return ['The node is shutting down.']
  const found: string[] = []
  if (options.mints.length === 0)
    found.push('No mint is set. Write FAREBOX_MINTS=https://… (comma-separated).')
  if (options.upstreams.length === 0) {
    found.push('No upstream is set. Write FAREBOX_UPSTREAM_MAIN_URL, _KEY and _PRICES.')
  }
  if (!options.btcUsd) found.push('There is no price of bitcoin. Write FAREBOX_BTC_USD=<dollars>.')
  else if (options.upstreams.length > 0 && catalog.list().length === 0) {
    found.push('No upstream has a model with a known price. See the log for its last error.')
  }
  return found
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
