const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const ZERO = 0x30
const EIGHT = 0x38
const LOWER_U = 0x75

/** Members that are no content of the answer, or say again what another member says. */
const MUTED = new Set(['id', 'role', 'type', 'data', 'reasoning_details', 'annotations'])
/** Two names of the same text; some servers send both. */
const REASONING = new Set(['reasoning', 'reasoning_content'])

/**
 * Counts the characters of an answer in the bytes of its JSON without parsing it: every string value of a delta or message
 * but the muted ones. Texts are latin1, one character a byte. An escape counts as the one character it stands for.
 */
export class ContentCounter {
  #ascii = 0
  #other = 0
  #stringAscii = 0
  #stringOther = 0
  #reasoning: string | undefined

  /** ⌈ASCII characters / 4⌉ + other characters. */
  estimate(): number {
    return Math.ceil(this.#ascii / 4) + this.#other
  }

  hasContent(): boolean {
    return this.#ascii + this.#other > 0
  }

  /** Counts in the object that opens at `start`, and returns where it ends; at `limit` at the latest. */
  countObject(text: string, start: number, limit: number): number {
    let depth = 0
    let mutedDepth = 0
    let key = ''
    for (let i = start; i < limit; i += 1) {
      const c = text.charCodeAt(i)
      if (c === QUOTE) {
        const end = this.#measureString(text, i, limit)
        const colon = colonAt(text, end)
        if (colon >= 0) key = text.slice(i + 1, end - 1)
        else if (mutedDepth === 0) this.#addString(key)
        i = colon >= 0 ? colon : end - 1
      } else if (isOpening(c)) {
        depth += 1
        if (mutedDepth === 0 && this.#isMuted(key)) mutedDepth = depth
      } else if (isClosing(c)) {
        if (mutedDepth === depth) mutedDepth = 0
        depth -= 1
        key = ''
        if (depth === 0) return i + 1
      }
    }
    return limit
  }

  #isMuted(key: string): boolean {
    return MUTED.has(key) || (this.#reasoning !== undefined && REASONING.has(key) && key !== this.#reasoning)
  }

  #addString(key: string): void {
    if (this.#stringAscii + this.#stringOther === 0 || this.#isMuted(key)) return
    if (REASONING.has(key)) this.#reasoning = key
    this.#ascii += this.#stringAscii
    this.#other += this.#stringOther
  }

  /** Counts one string, and returns one past its closing quote. */
  #measureString(text: string, start: number, limit: number): number {
    let ascii = 0
    let other = 0
    let i = start + 1
    for (; i < limit; i += 1) {
      const c = text.charCodeAt(i)
      if (c === QUOTE) break
      if (c === BACKSLASH) {
        i += 1
        const isUnicode = text.charCodeAt(i) === LOWER_U
        if (!isUnicode || isAsciiEscape(text, i)) ascii += 1
        else if (!isTrailingSurrogate(text, i)) other += 1
        if (isUnicode) i += 4
      } else if (c < 0x80) ascii += 1
      else if (c >= 0xc0) other += 1
    }
    this.#stringAscii = ascii
    this.#stringOther = other
    return Math.min(i + 1, limit)
  }
}

/** Where the value of a key begins whose text ends before `keyEnd`; -1 if no colon follows, so that it was no key. */
export function valueAfterKey(text: string, keyEnd: number): number {
  const colon = colonAt(text, keyEnd)
  return colon < 0 ? -1 : skipSpace(text, colon + 1)
}

function colonAt(text: string, from: number): number {
  const at = skipSpace(text, from)
  return text.charCodeAt(at) === COLON ? at : -1
}

function skipSpace(text: string, from: number): number {
  let i = from
  while (text.charCodeAt(i) <= 0x20) i += 1
  return i
}

function isOpening(c: number): boolean {
  return c === 0x7b || c === 0x5b
}

function isClosing(c: number): boolean {
  return c === 0x7d || c === 0x5d
}

/** `u0000` to `u007f`: some servers write `<` so. */
function isAsciiEscape(text: string, u: number): boolean {
  return text.charCodeAt(u + 1) === ZERO && text.charCodeAt(u + 2) === ZERO && text.charCodeAt(u + 3) < EIGHT
}

/** `udc00` to `udfff`, the second half of a character that was counted with the first. */
function isTrailingSurrogate(text: string, u: number): boolean {
  return /^d[c-f]/i.test(text.slice(u + 1, u + 3))
}

/**
 * The range to cut so that the member from its key's quote to its value's end is gone, with one comma. Undefined where that
 * cannot be seen from the line itself, because the event's JSON is spread over several.
 */
export function memberWithComma(
  text: string,
  keyStart: number,
  valueEnd: number,
): [number, number] | undefined {
  let before = keyStart - 1
  while (text.charCodeAt(before) === SPACE) before -= 1
  if (text.charCodeAt(before) === COMMA) return [before, valueEnd]
  let after = valueEnd
  while (text.charCodeAt(after) === SPACE) after += 1
  const isFirst = isOpening(text.charCodeAt(before)) && text.charCodeAt(after) === COMMA
  return isFirst ? [keyStart, after + 1] : undefined
}
