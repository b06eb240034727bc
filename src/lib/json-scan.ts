/** One member of the outermost object, as byte offsets into the text it was found in. */
export interface JsonMember {
  /** The key with its escapes resolved. */
  readonly key: string
  /** Of the key's opening quote. */
  readonly keyStart: number
  readonly valueStart: number
  /** One past the value's last byte. */
  readonly valueEnd: number
}

interface JsonScan {
  readonly members: readonly JsonMember[]
  /** Members of all objects at all depths, repeated ones counted as often as they stand there. */
  readonly memberCount: number
  /** 1 for an object without containers in it. */
  readonly depth: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Finds the members of a JSON object in its bytes, so that values can be exchanged without serialising it again.
 * Nothing is checked: of bytes that are no JSON object the result means nothing, but it comes in one pass all the same.
 * JSON.parse keeps one of several equal keys, so `memberCount` differs from the parsed value's count exactly if one is repeated.
 */
export function scanJson(bytes: Buffer): JsonScan {
  const members: JsonMember[] = []
  const inside = { memberCount: 0, depth: 0 }
  let at = skipSpace(bytes, skipSpace(bytes, 0) + 1)
  while (bytes[at] === QUOTE) {
    const keyEnd = stringEnd(bytes, at)
    const valueStart = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1)
    const valueEnd = endOfValue(bytes, valueStart, inside)
    members.push({ key: keyAt(bytes, at, keyEnd), keyStart: at, valueStart, valueEnd })
    at = skipSpace(bytes, valueEnd)
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1)
  }
  return { members, memberCount: inside.memberCount + members.length, depth: inside.depth + 1 }
}

/**
 * Where the value of a member stands whose key is written `"key"` once in all the bytes of a JSON object, and nowhere else
 * in any other way; undefined where that cannot be told without a scan of all of them. `quoted` is the key with its quotes.
 */
export function onlyValueOf(bytes: Buffer, quoted: Buffer): { start: number; end: number } | undefined {
  const at = bytes.indexOf(quoted)
  if (at < 0 || bytes.lastIndexOf(quoted) !== at) return undefined
  // Letters can also be written as \u escapes, and so can a key.
  if (bytes.includes(UNICODE_ESCAPE)) return undefined
  const colon = skipSpace(bytes, at + quoted.length)
  if (bytes[colon] !== COLON) return undefined
  const start = skipSpace(bytes, colon + 1)
  return { start, end: endOfValue(bytes, start, { memberCount: 0, depth: 0 }) }
}

const UNICODE_ESCAPE = Buffer.from('\\u')

function skipSpace(bytes: Uint8Array, start: number): number {
  let i = start
  while ((bytes[i] ?? COMMA) <= 0x20) i += 1
  return i
}

function endOfValue(bytes: Uint8Array, start: number, inside: Inside): number {
  const first = bytes[start]
  if (first === QUOTE) return stringEnd(bytes, start)
  return isOpening(first) ? containerEnd(bytes, start, inside) : scalarEnd(bytes, start)
}

function containerEnd(bytes: Uint8Array, start: number, inside: Inside): number {
  let depth = 0
  for (let i = start; i < bytes.length; i += 1) {
    const c = bytes[i]
    if (c === QUOTE) i = stringEnd(bytes, i) - 1
    else if (c === COLON) inside.memberCount += 1
    else if (isOpening(c)) {
      depth += 1
      if (depth > inside.depth) inside.depth = depth
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
      depth -= 1
      if (depth === 0) return i + 1
    }
  }
  return bytes.length
}

/** What was found below the top level so far. */
interface Inside {
  memberCount: number
  depth: number
}

function isOpening(c: number | undefined): boolean {
  return c === OPEN_OBJECT || c === OPEN_ARRAY
}

function scalarEnd(bytes: Uint8Array, start: number): number {
  let i = start
  for (let c = bytes[i] ?? COMMA; c > 0x20 && c !== COMMA && c !== CLOSE_OBJECT; c = bytes[i] ?? COMMA) i += 1
  return i
}

/** One past the closing quote of the string that opens at `start`. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let i = start + 1
  for (let c = bytes[i]; c !== QUOTE && c !== undefined; c = bytes[i]) i += c === BACKSLASH ? 2 : 1
  return i + 1
}

function keyAt(bytes: Buffer, start: number, end: number): string {
  for (let i = start + 1; i < end - 1; i += 1) {
    const c = bytes[i] ?? 0
    if (c === BACKSLASH || c >= 0x80) return unescaped(bytes, start, end)
  }
  return bytes.toString('latin1', start + 1, end - 1)
}

function unescaped(bytes: Uint8Array, start: number, end: number): string {
  const quoted = Buffer.from(bytes.subarray(start, end)).toString()
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted
  }
}

/** The first key that stands twice in one object, at any depth; for the error text, after the counts have differed. */
export function repeatedKey(bytes: Uint8Array): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < bytes.length; i += 1) {
    const c = bytes[i]
    if (isOpening(c)) open.push(new Set())
    else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) open.pop()
    if (c !== QUOTE) continue
    const end = stringEnd(bytes, i)
    const key = bytes[skipSpace(bytes, end)] === COLON ? unescaped(bytes, i, end) : undefined
    if (key !== undefined && open.at(-1)?.has(key)) return key
    if (key !== undefined) open.at(-1)?.add(key)
    i = end - 1
  }
  return undefined
}
