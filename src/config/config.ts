import { resolve } from 'node:path'
import type { BtcUsd, MarginBp } from '../money/index.ts'
import { ConfigError } from './config-error.ts'
import type { Environment } from './env.ts'
import {
  readBtcUsd,
  readList,
  readListen,
  readLogLevel,
  readMargin,
  readSeconds,
  readUrl,
} from './readers.ts'
import { Secret } from './secret.ts'
import { nearest } from './nearest.ts'

export interface UpstreamSetting {
  readonly id: string
  readonly type: string
  readonly url: string
  readonly key: Secret | undefined
  readonly prices: string
  readonly marginBp: MarginBp | undefined
  readonly order: number
}

export interface Config {
  readonly dataDir: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly secretKeys: readonly Secret[]
  readonly name: string
  readonly description: string
  readonly publicUrl: string | undefined
  readonly marginBp: MarginBp
  readonly btcUsd: BtcUsd | undefined
  readonly mints: readonly string[]
  readonly upstreams: readonly UpstreamSetting[]
  readonly allowFields: readonly string[]
  readonly logLevel: string
  readonly shutdownGraceS: number
  readonly failpoint: string | undefined
}

/** Every name there is, without its prefix; `UPSTREAM_<ID>_…` come on top. */
export const SETTINGS: readonly string[] = [
  'DATA_DIR',
  'LISTEN',
  'SECRET_KEY',
  'NAME',
  'DESCRIPTION',
  'PUBLIC_URL',
  'MARGIN',
  'BTC_USD',
  'MINTS',
  'ALLOW_FIELDS',
  'LOG_LEVEL',
  'SHUTDOWN_GRACE',
  'FAILPOINT',
]
export const UPSTREAM_SETTINGS: readonly string[] = ['TYPE', 'URL', 'KEY', 'PRICES', 'MARGIN']

/** @throws ConfigError for the first value that is wrong */
export function readConfig(env: Environment): Config {
  for (const name of env.keys()) refuseUnknown(name)
  const value = <T>(name: string, read: (name: string, text: string) => T, byDefault: string): T =>
    read(name, env.get(name) ?? byDefault)
  const optional = <T>(name: string, read: (name: string, text: string) => T): T | undefined => {
    const text = env.get(name)
    return text === undefined ? undefined : read(name, text)
  }
  return {
    dataDir: resolve(env.get('DATA_DIR') ?? 'data'),
    listen: value('LISTEN', readListen, '127.0.0.1:8080'),
    secretKeys: value('SECRET_KEY', readList, '').map((key) => new Secret(key)),
    name: env.get('NAME') ?? 'Farebox node',
    description: env.get('DESCRIPTION') ?? 'AI models, paid per request in ecash',
    publicUrl: optional('PUBLIC_URL', readUrl),
    marginBp: value('MARGIN', readMargin, '0%'),
    btcUsd: optional('BTC_USD', readBtcUsd),
    mints: value('MINTS', readList, '').map((mint) => readUrl('MINTS', mint)),
    upstreams: readUpstreams(env),
    allowFields: value('ALLOW_FIELDS', readList, ''),
    logLevel: value('LOG_LEVEL', readLogLevel, 'info'),
    shutdownGraceS: value('SHUTDOWN_GRACE', readSeconds, '120'),
    failpoint: env.get('FAILPOINT'),
  }
}

const UPSTREAM = /^UPSTREAM_([A-Z0-9]+(?:_[A-Z0-9]+)*)_([A-Z]+)$/

function refuseUnknown(name: string): void {
  if (SETTINGS.includes(name)) return
  const [, , member = ''] = UPSTREAM.exec(name) ?? []
  if (UPSTREAM_SETTINGS.includes(member)) return
  const known = UPSTREAM.test(name)
    ? UPSTREAM_SETTINGS.map((setting) => name.replace(/[A-Z]+$/, setting))
    : SETTINGS
  throw new ConfigError(name, `is not a setting. Did you mean FAREBOX_${nearest(name, known)}?`)
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
  const of = (member: string): string | undefined => env.get(`UPSTREAM_${id}_${member}`)
  const url = of('URL')
  if (!url)
    throw new ConfigError(
      `UPSTREAM_${id}_URL`,
      'is missing. Write its base URL, as https://api.openai.com/v1.',
    )
  const prices = of('PRICES')
  if (!prices) {
    throw new ConfigError(
      `UPSTREAM_${id}_PRICES`,
      'is missing. Write a provider of the price list, as openai, or the path of a price file.',
    )
  }
  const key = of('KEY')
  const margin = of('MARGIN')
  return {
    id: id.toLowerCase(),
    type: (of('TYPE') ?? 'openai').toLowerCase(),
    url: readUrl(`UPSTREAM_${id}_URL`, url),
    key: key ? new Secret(key) : undefined,
    prices,
    marginBp: margin ? readMargin(`UPSTREAM_${id}_MARGIN`, margin) : undefined,
    order,
  }
}
