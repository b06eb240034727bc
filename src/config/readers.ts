import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type BtcUsd, type MarginBp, scaleDecimal } from '../money/index.ts'
import { ConfigError } from './config-error.ts'
import { Secret } from './secret.ts'

/** Turns the text of a setting into its value, or says what to write. */
type Reader<T> = (name: string, text: string) => T

export interface Listen {
  readonly host: string
  readonly port: number
}

/** Whose `X-Forwarded-…` headers are believed: nobody's, those of so many proxies, or those of these networks. */
export type TrustProxy = false | number | readonly string[]

/** A reader that takes no text for no value. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (name, text) => (text === '' ? undefined : read(name, text))
}

/** A reader that takes `off` for no value. */
export function unlessOff<T>(read: Reader<T>): Reader<T | undefined> {
  return (name, text) => (text === 'off' ? undefined : read(name, text))
}

export function readText(name: string, text: string): string {
  if (/\p{Cc}/u.test(text))
    throw new ConfigError(name, 'has a line break or another control character in it. Write one line.')
  return text
}

/** A path, made absolute. */
export function readDirectory(_name: string, text: string): string {
  return resolve(text)
}

/** `127.0.0.1:8080`, `[::1]:8080` or `:8080`. */
export function readListen(name: string, text: string): Listen {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new ConfigError(name, `is ${text}. Write an address and a port, as 127.0.0.1:8080.`)
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port }
}

/** `10%` or `7.5%`, from 0 to 1000 %. */
export function readMargin(name: string, text: string): MarginBp {
  const match = /^(\d{1,4}(?:\.\d{1,2})?)\s*%$/.exec(text)
  const margin = match?.[1] === undefined ? undefined : Number(scaleDecimal(match[1], 2))
  if (margin === undefined || margin > 100_000)
    throw new ConfigError(name, `is ${text}. Write a percentage, as 10%.`)
  return margin
}

/** Dollars for one bitcoin. */
export function readBtcUsd(name: string, text: string): BtcUsd {
  const cents = /^\d{1,10}(\.\d{1,2})?$/.test(text) ? scaleDecimal(text, 2) : 0n
  if (cents < 100_000n || cents > 10_000_000_000n) {
    throw new ConfigError(name, `is ${text}. Write the dollars for one bitcoin, as 95000.`)
  }
  return { centsPerBtc: cents }
}

/** Comma-separated values; empty ones do not count. */
export function readList(_name: string, text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export function readUrls(name: string, text: string): string[] {
  return readList(name, text).map((url) => readUrl(name, url))
}

export function readSecrets(name: string, text: string): Secret[] {
  return readList(name, text).map((secret) => new Secret(secret))
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

export function readLogLevel(name: string, text: string): string {
  if (!LOG_LEVELS.includes(text))
    throw new ConfigError(name, `is ${text}. Write one of ${LOG_LEVELS.join(', ')}.`)
  return text
}

export function readOnOff(name: string, text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new ConfigError(name, `is ${text}. Write on or off.`)
  return text === 'on'
}

/** An http(s) URL without credentials, query or fragment; the trailing slash is taken off. */
export function readUrl(name: string, text: string): string {
  const url = URL.parse(text)
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash
  if (!isPlain)
    throw new ConfigError(
      name,
      `has ${text.replace(/\/\/.*@/, '//[hidden]@')}, which is not a plain http(s) URL. Write it as https://host/path.`,
    )
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/** `*`, or origins as a browser sends them. */
export function readOrigins(name: string, text: string): string[] {
  const origins = readList(name, text).map((origin) => origin.replace(/\/$/, '').toLowerCase())
  if (origins.length === 1 && origins[0] === '*') return origins
  for (const origin of origins) {
    if (URL.parse(origin)?.origin !== origin)
      throw new ConfigError(
        name,
        `has ${origin}, which is not an origin. Write * alone, or origins as https://chat.example.`,
      )
  }
  return origins
}

const HOPS_MAX = 10

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal']

/** `off`, a number of proxies, or networks as `10.0.0.0/8`; a bare address is a network of one. */
export function readTrustProxy(name: string, text: string): TrustProxy {
  if (text === 'off') return false
  if (/^\d+$/.test(text) && Number(text) <= HOPS_MAX) return Number(text) === 0 ? false : Number(text)
  const networks = readList(name, text)
  if (!networks.every(isNetwork))
    throw new ConfigError(
      name,
      `is ${text}. Write off, the number of proxies in front (to ${HOPS_MAX}), or their networks, as 10.0.0.0/8.`,
    )
  return networks
}

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true
  const [address = '', bits, more] = text.split('/')
  const size = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return (
    more === undefined && size > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= size))
  )
}

/** Whole seconds from 1 to a day, as milliseconds. */
export function readTimeout(name: string, text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > 86_400)
    throw new ConfigError(name, `is ${text}. Write whole seconds from 1 to 86400, as 120.`)
  return seconds * 1000
}

export function readSeconds(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new ConfigError(name, `is ${text}. Write whole seconds, as 120.`)
  return Number(text)
}
