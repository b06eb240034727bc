import { nearest } from '../lib/index.ts'
import type { BtcUsd, MarginBp } from '../money/index.ts'
import { ConfigError } from './config-error.ts'
import { definitions, SETTINGS, UPSTREAM_SETTINGS, upstreamDefinitions } from './definitions.ts'
import type { Environment } from './env.ts'
import type { Listen, TrustProxy } from './readers.ts'
import { Secret } from './secret.ts'
import type { SettingDefinition } from './setting.ts'

interface UpstreamSetting {
  readonly id: string
  readonly type: string
  readonly url: string
  readonly key: Secret | undefined
  readonly prices: string
  readonly marginBp: MarginBp | undefined
  readonly order: number
}

/** What the environment says, checked. Of live settings it is what they would be if the database said nothing. */
export interface Config {
  readonly dataDir: string
  readonly listen: Listen
  /** Undefined where there is to be no private listener. */
  readonly adminListen: Listen | undefined
  readonly trustProxy: TrustProxy
  readonly secretKeys: readonly Secret[]
  readonly name: string
  readonly description: string
  readonly publicUrl: string | undefined
  readonly marginBp: MarginBp
  /** Undefined: ask the feeds. `off`: ask nobody. */
  readonly btcUsd: BtcUsd | 'off' | undefined
  readonly mints: readonly string[]
  readonly upstreams: readonly UpstreamSetting[]
  readonly allowFields: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly refreshesPrices: boolean
  readonly logLevel: string
  readonly shutdownGraceS: number
  /** Of calls to upstreams, in milliseconds. */
  readonly timeouts: {
    readonly connectMs: number
    readonly firstByteMs: number
    readonly wholeFirstByteMs: number
    readonly idleMs: number
    readonly totalMs: number
  }
  readonly failpoint: string | undefined
}

/** Where the process kills itself, for tests. Known, and told to nobody. */
const FAILPOINT = 'FAILPOINT'
const NAMES: readonly string[] = [...definitions.map(({ name }) => name), FAILPOINT]
const MEMBERS: readonly string[] = upstreamDefinitions.map(({ name }) => name)

/** @throws ConfigError for the first value that is wrong */
export function readConfig(env: Environment): Config {
  for (const name of env.keys()) refuseUnknown(name)
  const read = <T>({ name, byDefault, read: reader }: SettingDefinition<T>): T =>
    reader(name, env.get(name) ?? byDefault)
  const listeners = { listen: read(SETTINGS.LISTEN), adminListen: read(SETTINGS.ADMIN_LISTEN) }
  refuseSameDoor(listeners)
  return {
    dataDir: read(SETTINGS.DATA_DIR),
    ...listeners,
    trustProxy: read(SETTINGS.TRUST_PROXY),
    secretKeys: read(SETTINGS.SECRET_KEY),
    name: read(SETTINGS.NAME),
    description: read(SETTINGS.DESCRIPTION),
    publicUrl: read(SETTINGS.PUBLIC_URL),
    marginBp: read(SETTINGS.MARGIN),
    btcUsd: read(SETTINGS.BTC_USD),
    mints: read(SETTINGS.MINTS),
    upstreams: readUpstreams(env),
    allowFields: read(SETTINGS.ALLOW_FIELDS),
    corsOrigins: read(SETTINGS.CORS_ORIGINS),
    refreshesPrices: read(SETTINGS.PRICE_REFRESH),
    logLevel: read(SETTINGS.LOG_LEVEL),
    shutdownGraceS: read(SETTINGS.SHUTDOWN_GRACE),
    timeouts: {
      connectMs: read(SETTINGS.CONNECT_TIMEOUT),
      firstByteMs: read(SETTINGS.FIRST_BYTE_TIMEOUT),
      wholeFirstByteMs: read(SETTINGS.WHOLE_REPLY_TIMEOUT),
      idleMs: read(SETTINGS.IDLE_TIMEOUT),
      totalMs: read(SETTINGS.TOTAL_TIMEOUT),
    },
    failpoint: env.get(FAILPOINT),
  }
}

/** Else the start would fail, and lay it to another program. */
function refuseSameDoor({ listen, adminListen }: Pick<Config, 'listen' | 'adminListen'>): void {
  const { name } = SETTINGS.ADMIN_LISTEN
  if (listen.port === 0 || listen.port !== adminListen?.port || listen.host !== adminListen.host) return
  throw new ConfigError(
    name,
    `is ${listen.host}:${listen.port}, where FAREBOX_LISTEN is too. Give one of them another port.`,
  )
}

const UPSTREAM = /^UPSTREAM_([A-Z0-9]+(?:_[A-Z0-9]+)*)_([A-Z]+)$/

function refuseUnknown(name: string): void {
  if (NAMES.includes(name)) return
  const [, , member = ''] = UPSTREAM.exec(name) ?? []
  if (MEMBERS.includes(member)) return
  const written = name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
  const known = [...definitions.map((definition) => definition.name), ...upstreamNamesLike(written)]
  throw new ConfigError(name, `is not a setting. Did you mean FAREBOX_${nearest(written, known)}?`)
}

/** `UPSTREAM_<ID>_…` as whoever wrote this may have meant it: with a wrong first word, a wrong last one, or without one. */
function upstreamNamesLike(written: string): string[] {
  const [, ...words] = written.split('_').filter((word) => word !== '')
  const ids = [words.slice(0, -1), words].filter((id) => id.length > 0)
  return ids.flatMap((id) => MEMBERS.map((member) => `UPSTREAM_${id.join('_')}_${member}`))
}

function readUpstreams(env: Environment): UpstreamSetting[] {
  const ids = new Set<string>()
  for (const name of env.keys()) {
    const id = UPSTREAM.exec(name)?.[1]
    if (id) ids.add(id)
  }
  return [...ids].map((id, order) => readUpstream(env, { id, order }))
}

function readUpstream(env: Environment, { id, order }: { id: string; order: number }): UpstreamSetting {
  const nameOf = (member: string): string => `UPSTREAM_${id}_${member}`
  const read = <T>({ name, byDefault, read: reader }: SettingDefinition<T>): T =>
    reader(nameOf(name), env.get(nameOf(name)) ?? byDefault)
  if (!env.has(nameOf('URL')))
    throw new ConfigError(nameOf('URL'), 'is missing. Write its base URL, as https://api.openai.com/v1.')
  if (!env.has(nameOf('PRICES'))) {
    throw new ConfigError(
      nameOf('PRICES'),
      'is missing. Write a provider of the price list, as openai, or the path of a price file.',
    )
  }
  const key = read(UPSTREAM_SETTINGS.KEY)
  return {
    id: id.toLowerCase(),
    type: read(UPSTREAM_SETTINGS.TYPE),
    url: read(UPSTREAM_SETTINGS.URL),
    key: key === '' ? undefined : new Secret(key),
    prices: read(UPSTREAM_SETTINGS.PRICES),
    marginBp: read(UPSTREAM_SETTINGS.MARGIN),
    order,
  }
}
