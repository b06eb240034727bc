import { readFileSync } from 'node:fs'
import { type AdminRooms, runCommand } from './admin/index.ts'
import { Catalog, ExchangeRate, FreshPrices, goodsFrom, openPriceLists } from './catalog/index.ts'
import { position } from './ledger/index.ts'
import { type Live, systemClock } from './lib/index.ts'
import type { BtcUsd, MarginBp } from './money/index.ts'
import { type SettingDefinition, Settings } from './settings/index.ts'
import { openNodeKey, Storage } from './storage/index.ts'
import { type UpstreamConfig, Upstreams } from './upstreams/index.ts'

interface OfflineOptions {
  readonly dataDir: string
  readonly secretKeys: readonly string[]
  readonly environment: ReadonlyMap<string, string>
  readonly upstreams: readonly UpstreamConfig[]
  readonly definitions: readonly SettingDefinition[]
  /** Those of the definitions that rooms ask for. */
  readonly named: {
    readonly MINTS: SettingDefinition<readonly string[]>
    readonly MARGIN: SettingDefinition<MarginBp>
    readonly BTC_USD: SettingDefinition<BtcUsd | 'off' | undefined>
    readonly PRICE_REFRESH: SettingDefinition<boolean>
  }
}

/** The rooms that an operator's commands need, opened while no node runs. Nothing is sold and no ecash is touched. */
interface Offline extends AsyncDisposable {
  run(name: string, input: unknown): Promise<unknown>
}

/**
 * Locks the data directory and opens the rooms. Contacts nobody by itself.
 * @throws DomainError `directory_locked` where a node runs, and all else that stops a start
 */
export async function openOffline(options: OfflineOptions): Promise<Offline> {
  await using opened = new AsyncDisposableStack()
  const rooms = await openRooms(options, opened)
  const owned = opened.move()
  return {
    run: (name, input) => runCommand(rooms, name, input),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function openRooms(options: OfflineOptions, opened: AsyncDisposableStack): Promise<AdminRooms> {
  const { dataDir, secretKeys: given, environment, definitions, named } = options
  const [clock, log] = [systemClock, () => undefined]
  const storage = opened.use(Storage.open(dataDir))
  const secrets = await openNodeKey(storage, { dataDir, given })
  const { vault } = secrets
  // What stands in the table and cannot be read must not keep the operator from setting it right.
  const settings = await Settings.open({ storage, vault, definitions, environment, isForRepair: true })
  const upstreams = await Upstreams.open({ storage, vault, declared: options.upstreams, clock })
  opened.defer(() => upstreams.close())
  const fixed = settings.live(named.BTC_USD)
  const rate = await ExchangeRate.open({ storage, clock, fixed, log })
  opened.defer(() => rate.close())
  const isOn: Live<boolean> = settings.live(named.PRICE_REFRESH)
  const enabled = (): UpstreamConfig[] =>
    upstreams.states().flatMap(({ config, isEnabled }) => (isEnabled ? [config] : []))
  const freshPrices = await FreshPrices.open({ storage, clock, log, isOn, upstreams: enabled })
  opened.defer(() => freshPrices.close())
  const priceLists = openPriceLists({
    readFile: (path) => readFileSync(path, 'utf8'),
    providers: freshPrices,
  })
  const goods = goodsFrom(upstreams, settings.live(named.MARGIN))
  const mints = settings.live(named.MINTS)
  const held = await heldMints(storage)
  return {
    dataDir,
    storage,
    secrets,
    clock,
    settings,
    upstreams,
    catalog: new Catalog({ goods, rate: () => rate.rate(), priceLists, clock }),
    priceLists,
    freshPrices,
    rate,
    mints: { accepted: () => mints.get(), all: () => [...mints.get(), ...held] },
    node: () => undefined,
  }
}

const HELD = 'asset:held:'

/** Mints that were dealt with once. What is held of them, or owed by them, has the next start ask them. */
async function heldMints(storage: Storage): Promise<string[]> {
  const { assets } = await storage.read(position)
  return assets.flatMap(({ code }) => (code.startsWith(HELD) ? [code.slice(HELD.length)] : []))
}
