import { DomainError } from '../lib/index.ts'

const PREFIX = 'FAREBOX_'
const NAME = /^[A-Z][A-Z0-9_]*$/
const BARE = /^[\w.,:/@%+*~-]+$/

/**
 * Settings as lines `FAREBOX_NAME=value`, a subset of what `.env` files are. Values with blanks stand in quotes, and there
 * are no escapes, so that every reader of such files finds the same.
 * @returns the values by name without the prefix; null for an empty one, which is "as if it had never been set"
 * @throws DomainError `setting_file_invalid`, which names the line
 */
export function readSettingsText(text: string): Record<string, string | null> {
  const found = new Map<string, string | null>()
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const { name, value } = readLine(line, i + 1)
    if (found.has(name)) throw invalid(i + 1, `sets ${name} a second time. Keep one of the two.`)
    found.set(name, value)
  }
  return Object.fromEntries(found)
}

function readLine(line: string, number: number): { name: string; value: string | null } {
  const [, written = '', rest = ''] = /^(?:export\s+)?([^=\s]+)\s*=(.*)$/.exec(line) ?? []
  const name = written.startsWith(PREFIX) ? written.slice(PREFIX.length) : written
  if (!NAME.test(name)) throw invalid(number, 'is not NAME=value.')
  const value = readValue(rest.trim(), number)
  return { name, value: value === '' ? null : value }
}

function readValue(text: string, number: number): string {
  const quote = /^['"`]/.exec(text)?.[0]
  if (quote === undefined) return text.replace(/\s*#.*$/, '')
  const end = text.indexOf(quote, 1)
  if (end === -1) throw invalid(number, `has a ${quote} that is not closed.`)
  if (!/^\s*(?:#.*)?$/.test(text.slice(end + 1))) throw invalid(number, 'goes on after the closing quote.')
  return text.slice(1, end).trim()
}

/** One line that `readSettingsText` and Node's `parseEnv` read back. @throws DomainError `setting_file_invalid` */
export function writeSetting(name: string, value: string): string {
  return `${PREFIX}${name}=${BARE.test(value) ? value : quoted(name, value)}`
}

function quoted(name: string, value: string): string {
  const quote = ["'", '`', '"'].find((mark) => !value.includes(mark))
  // A reader of .env files would make a line break of \n between double quotes.
  const isReadable = !/[\r\n]/.test(value) && !(quote === '"' && value.includes('\\'))
  if (quote === undefined || !isReadable) {
    throw new DomainError(
      'setting_file_invalid',
      `The value of ${name} has a line break or every kind of quote in it, and cannot stand in a file.`,
    )
  }
  return `${quote}${value}${quote}`
}

function invalid(line: number, what: string): DomainError {
  return new DomainError('setting_file_invalid', `Line ${line} ${what}`, { details: { line } })
}
