import { type BtcUsd, type MarginBp, scaleDecimal } from '../money/index.ts'
import { ConfigError } from './config-error.ts'

/** `127.0.0.1:8080`, `[::1]:8080` or `:8080`. */
export function readListen(name: string, text: string): { host: string; port: number } {
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

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

export function readLogLevel(name: string, text: string): string {
  if (!LOG_LEVELS.includes(text))
    throw new ConfigError(name, `is ${text}. Write one of ${LOG_LEVELS.join(', ')}.`)
  return text
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

export function readSeconds(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new ConfigError(name, `is ${text}. Write whole seconds, as 120.`)
  return Number(text)
}
