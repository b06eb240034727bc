/** Code units normalised in one go. Reordering combining marks takes quadratic time, so long runs are cut. */
const PIECE = 128

/**
 * Sums up the text of a parsed JSON value: how many tokens it can be at most, and how many it roughly is.
 * Tokens of a byte-level vocabulary hold at least one byte; of a normalising one, one byte after NFKC. What a chat
 * template may print around the strings (numbers, brackets) is counted too, so that nothing sizeable goes unseen.
 */
export class TextTally {
  /** Bytes, the larger of before and after NFKC for each string. */
  bound = 0
  /** The part of `bound` that only NFKC adds to the bytes as they are. */
  growth = 0
  /** Characters of strings and keys (code points), and one for each number in an array of numbers. */
  characters = 0
  /** Of these the ones in string values, split for the estimate. */
  asciiValues = 0
  otherValues = 0
  /** Keys of all objects. */
  keys = 0
  readonly #pureAscii: boolean

  /** `pureAscii` promises that no string holds anything else, which saves looking. */
  constructor(pureAscii: boolean) {
    this.#pureAscii = pureAscii
  }

  add(value: unknown): void {
    if (typeof value === 'string') this.#addValue(value)
    else if (typeof value === 'number') this.bound += LONGEST_NUMBER
    else if (typeof value !== 'object' || value === null) this.bound += LONGEST_WORD
    else if (Array.isArray(value)) this.#addArray(value)
    else this.#addObject(value)
  }

  /** ⌈ASCII characters / 4⌉ + other characters, over the string values. */
  estimate(): number {
    return Math.ceil(this.asciiValues / 4) + this.otherValues
  }

  #addArray(values: readonly unknown[]): void {
    this.bound += BRACKETS
    for (const value of values) {
      if (typeof value === 'number') this.characters += 1
      this.add(value)
    }
  }

  #addObject(object: object): void {
    this.bound += BRACKETS
    for (const key of Object.keys(object)) {
      this.addKey(key)
      this.add(Reflect.get(object, key))
    }
  }

  addKey(key: string): void {
    this.keys += 1
    const ascii = this.#asciiLength(key)
    this.characters += ascii < 0 ? this.#addOther(key).characters : ascii
    if (ascii >= 0) this.bound += ascii
  }

  #addValue(text: string): void {
    const ascii = this.#asciiLength(text)
    if (ascii < 0) {
      const other = this.#addOther(text)
      this.characters += other.characters
      this.asciiValues += other.ascii
      this.otherValues += other.characters - other.ascii
      return
    }
    this.characters += ascii
    this.asciiValues += ascii
    this.bound += ascii
  }

  /** The length of a text that is all ASCII, else -1. */
  #asciiLength(text: string): number {
    return this.#pureAscii || !NOT_ASCII.test(text) ? text.length : -1
  }

  #addOther(text: string): { characters: number; ascii: number } {
    const bytes = Buffer.byteLength(text)
    const growth = Math.max(0, normalisedBytes(text) - bytes)
    this.bound += bytes + growth
    this.growth += growth
    let ascii = 0
    let trailing = 0
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i)
      if (unit < 0x80) ascii += 1
      else if (unit >= 0xdc00 && unit <= 0xdfff) trailing += 1
    }
    return { characters: text.length - trailing, ascii }
  }
}

// oxlint-disable-next-line no-control-regex -- the range is ASCII as a whole
const NOT_ASCII = /[^\x00-\x7f]/
/** As `-1.7976931348623157e+308`. */
const LONGEST_NUMBER = 24
/** As Python prints `False`. */
const LONGEST_WORD = 5
const BRACKETS = 2

function normalisedBytes(text: string): number {
  let bytes = 0
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = start + PIECE
    const last = text.charCodeAt(end - 1)
    if (last >= 0xd800 && last <= 0xdbff) end += 1
    bytes += Buffer.byteLength(text.slice(start, end).normalize('NFKC'))
  }
  return bytes
}
