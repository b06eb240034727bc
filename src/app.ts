import type { Server } from 'node:http'
import type { Express } from 'express'
import { definitions, SETTINGS } from './config/index.ts'
import type { RunningNode } from './admin/index.ts'
import { DoorFigures, publicApp, publicServer } from './http/index.ts'
import { type Live, type LogLine, type MaybeLive, sleep, toLive } from './lib/index.ts'
import { listenOn } from './listen-on.ts'
import { type AppRooms, type LiveOptions, openRooms, type RunOptions } from './open-rooms.ts'
import { PrivateDoor } from './private-door.ts'
import { closeOrphans, returnUndelivered } from './proxy/index.ts'
import { Settings } from './settings/index.ts'
import { openNodeKey, resumeRotation, Storage } from './storage/index.ts'

/** A value, or a live one, in the place of the setting of that name; without it the setting counts. */
type Given = {
  readonly [Name in keyof LiveOptions]?: MaybeLive<ReturnType<LiveOptions[Name]['get']>> | undefined
}

/** What a node is made of. Everything has been checked by then; amounts are msat, times are milliseconds. */
export interface AppOptions extends RunOptions, Omit<Given, 'name' | 'description' | 'publicUrl'> {
  readonly dataDir: string
  /** Root keys; none means the file in the data directory. */
  readonly secretKeys?: readonly string[]
  /** Settings by name, without prefix; they go before those in the database. */
  readonly environment?: ReadonlyMap<string, string>
  readonly profile?: Pick<Given, 'name' | 'description' | 'publicUrl'>
}

export type Log = LogLine

const JOB_EVERY_MS = 60_000
const DEPARTURES_EVERY_MS = 5000
const MODELS_WAIT_MS = 3000
const MODELS_EVERY_MS = 10 * 60_000

/** A running node. `express` and `server` are its public door; nothing listens until `listen`. */
export class App implements AsyncDisposable {
  readonly rooms: AppRooms
  readonly express: Express
  readonly server: Server
  readonly #timers: NodeJS.Timeout[] = []
  readonly #state: { isClosing: boolean }
  readonly #dataDir: string
  readonly #figures = new DoorFigures()
  #address = ''
  #privateDoor: PrivateDoor | undefined
  /** When running calls are cut. */
  #deadline = Infinity
  #closing: Promise<void> | undefined

  private constructor(
    rooms: AppRooms,
    { dataDir, state }: { dataDir: string; state: { isClosing: boolean } },
  ) {
    this.rooms = rooms
    this.#state = state
    this.#dataDir = dataDir
    this.express = publicApp(rooms)
    this.server = publicServer(this.express, rooms, this.#figures)
  }

  /**
   * Opens the rooms, closes what an earlier run left open, and begins to look at mints and upstreams.
   * @throws DomainError as `Storage.open`, `openNodeKey` and `Settings.open`; `upstream_invalid`, `price_list_unknown`
   */
  static async open(options: AppOptions): Promise<App> {
    const state = { isClosing: false }
    const { dataDir, secretKeys: given = [], environment = new Map<string, string>() } = options
    await using opened = new AsyncDisposableStack()
    const storage = opened.use(Storage.open(dataDir))
    const secrets = await openNodeKey(storage, { dataDir, given })
    const settings = await Settings.open({ storage, vault: secrets.vault, definitions, environment })
    const rooms = await openRooms({
      storage,
      secrets,
      settings,
      live: liveOptions(options, settings),
      run: options,
      isClosing: () => state.isClosing,
    })
    // From here on the app closes them.
    opened.move()
    const app = new App(rooms, { dataDir, state })
    app.#watchStorage()
    await app.#recover()
    app.#every(JOB_EVERY_MS, () => app.#minutely())
    app.#every(DEPARTURES_EVERY_MS, () => rooms.departures.flush())
    app.#every(MODELS_EVERY_MS, () => rooms.upstreams.refreshModels())
    return app
  }

  /**
   * @returns the address it listens on, as `http://127.0.0.1:8080`
   * @throws DomainError `address_in_use`, `listen_invalid`
   */
  async listen({ host, port }: { host: string; port: number }): Promise<string> {
    this.#address = await listenOn(this.server, { host, port, setting: 'FAREBOX_LISTEN' })
    return this.#address
  }

  /**
   * Opens the private door: health, metrics, and the operator's commands for who can read the data directory.
   * @returns its address
   * @throws DomainError as `listen`
   */
  async listenPrivately(at: { host: string; port: number }): Promise<string> {
    const { rooms } = this
    const node = (): RunningNode => ({
      boot: rooms.boot,
      publicUrl: rooms.profile.publicUrl,
      address: this.#address,
    })
    this.#privateDoor = await PrivateDoor.open(
      { rooms, dataDir: this.#dataDir, figures: this.#figures, node },
      at,
    )
    return this.#privateDoor.address
  }

  /**
   * Refuses new calls, lets running ones finish for `graceMs`, then cuts and settles them, and closes everything. Asked
   * again meanwhile it resolves at the same moment, and a shorter grace counts.
   */
  close({ graceMs = 0 }: { graceMs?: number } = {}): Promise<void> {
    this.#deadline = Math.min(this.#deadline, Date.now() + graceMs)
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#state.isClosing = true
    for (const timer of this.#timers) clearInterval(timer)
    while (this.rooms.heartbeat.running > 0 && Date.now() < this.#deadline) await pause(20)
    await this.rooms.upstreams.close()
    const settled = Date.now() + SETTLE_MS
    while (this.rooms.heartbeat.running > 0 && Date.now() < settled) await pause(5)
    this.server.close()
    this.server.closeIdleConnections()
    await pause(5)
    this.server.closeAllConnections()
    this.rooms.heartbeat.stop()
    await this.rooms.departures.flush().catch((error: unknown) => this.rooms.log('job_failed', { error }))
    await this.#privateDoor?.close()
    await this.rooms.rate.close()
    await this.rooms.freshPrices.close()
    await this.rooms.counter.tokens.close()
    await this.rooms.cashu.close()
    await this.rooms.storage[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Tells what became of the database at this start, and of its disk later. */
  #watchStorage(): void {
    const { storage, log } = this.rooms
    if (storage.upgrade) log('storage_upgraded', { ...storage.upgrade })
    storage.onFailure(({ cause }) =>
      log('storage_failed', { why: cause instanceof Error ? cause.message : '' }),
    )
  }

  async #finishRotation(): Promise<void> {
    const { storage, secrets, log } = this.rooms
    const rotation = await resumeRotation(storage, secrets)
    if (rotation) log('key_rotated', { resealed: rotation.resealed })
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
    for (const job of [rooms.cashu.resume(), this.#finishRotation()])
      job.catch((error: unknown) => rooms.log('job_failed', { error }))
    // An upstream that is slow to answer must not keep the node from serving what it can.
    await Promise.race([
      Promise.all([rooms.upstreams.refreshModels(), rooms.rate.refresh()]),
      sleep(MODELS_WAIT_MS),
    ])
    rooms.rate.start()
    rooms.freshPrices.start()
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

/** What was given, else what the operator has set. */
function liveOptions({ profile = {}, ...given }: AppOptions, settings: Settings): LiveOptions {
  const { mints, marginBp, btcUsd, allowedFields, corsOrigins, refreshesPrices } = given
  const { name, description, publicUrl } = profile
  return {
    mints: orSet(mints, settings.live(SETTINGS.MINTS)),
    marginBp: orSet(marginBp, settings.live(SETTINGS.MARGIN)),
    btcUsd: orSet(btcUsd, settings.live(SETTINGS.BTC_USD)),
    allowedFields: orSet(allowedFields, settings.live(SETTINGS.ALLOW_FIELDS)),
    corsOrigins: orSet(corsOrigins, settings.live(SETTINGS.CORS_ORIGINS)),
    name: orSet(name, settings.live(SETTINGS.NAME)),
    description: orSet(description, settings.live(SETTINGS.DESCRIPTION)),
    publicUrl: orSet(publicUrl, settings.live(SETTINGS.PUBLIC_URL)),
    refreshesPrices: orSet(refreshesPrices, settings.live(SETTINGS.PRICE_REFRESH)),
  }
}

function orSet<T>(given: MaybeLive<T> | undefined, set: Live<T>): Live<T> {
  return given === undefined ? set : toLive(given)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
