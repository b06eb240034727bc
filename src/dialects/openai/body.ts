import { isAscii, isUtf8 } from 'node:buffer'
import { DomainError, type JsonMember, repeatedKey, scanJson } from '../../lib/index.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A request body that was read once: its values, and where they stand in its bytes. */
export interface Body {
  readonly value: JsonObject
  readonly members: readonly JsonMember[]
  readonly memberCount: number
  readonly pureAscii: boolean
}

const DEEPEST = 64
/** Objects with very many keys take the parser seconds. */
const MOST_MEMBERS = 100_000

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws DomainError `invalid_json` */
export function parseBody(bytes: Buffer): Body {
  const { members, memberCount, depth } = scanJson(bytes)
  if (depth > DEEPEST) throw invalidJson(`is nested more than ${DEEPEST} levels deep`)
  if (memberCount > MOST_MEMBERS) throw invalidJson(`has more than ${MOST_MEMBERS} keys`)
  const value = isUtf8(bytes) ? parseJson(bytes.toString()) : undefined
  if (!isObject(value)) throw invalidJson('is not a JSON object')
  const pureAscii = isAscii(bytes) && !bytes.includes('\\u')
  return { value, members, memberCount, pureAscii }
}

function invalidJson(fault: string): DomainError {
  return new DomainError('invalid_json', `The request body ${fault}. Nothing was charged.`)
}

/** The value of a JSON text, or undefined (which no JSON text means). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Refuses a body that two readers could read in two ways: with a repeated key, or a top-level key that differs from a known
 * one only in case (some servers match keys that way). `parsedCount` is the number of keys in the parsed value.
 * @throws DomainError `duplicate_key`
 */
export function refuseAmbiguity(
  bytes: Buffer,
  body: Body,
  facts: { parsedCount: number; isKnown: (key: string) => boolean },
): void {
  if (body.memberCount !== facts.parsedCount) throw duplicateKey(repeatedKey(bytes) ?? '')
  for (const { key } of body.members) {
    if (!facts.isKnown(key) && facts.isKnown(foldCase(key))) throw duplicateKey(key)
  }
}

/** Lower case as Go's JSON decoder compares it: `ſ` is an s and the Kelvin sign a k. */
export function foldCase(key: string): string {
  return key.toUpperCase().toLowerCase()
}

export function duplicateKey(key: string): DomainError {
  const message = `The key ${JSON.stringify(key)} is repeated, or differs from a known key only in case. Nothing was charged.`
  return new DomainError('duplicate_key', message, { details: { param: key } })
}

/** @throws DomainError `invalid_request` always */
export function refuse(param: string, rule: string): never {
  throw new DomainError('invalid_request', `${param} ${rule}. Nothing was charged.`, { details: { param } })
}
