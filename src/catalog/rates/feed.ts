/** What a feed said: whole US cents for one bitcoin, and as of when (unix ms) where it tells. */
export interface FeedReading {
  readonly cents: bigint
  readonly at: number | undefined
}

/** A public price of bitcoin in dollars. Adding one is an entry in `feeds.ts`. */
export interface Feed {
  readonly name: string
  readonly url: string
  /** Reads its JSON; undefined where no price stands in it. Never throws. */
  read(json: unknown): FeedReading | undefined
}

/** The value at a path of keys and places; undefined where there is none. */
export function valueAt(json: unknown, ...path: readonly (string | number)[]): unknown {
  let found = json
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = Reflect.get(found, step)
  }
  return found
}

/**
 * A price in dollars as a reading. Exact, digit by digit: a JSON number is taken by its shortest decimal text, which is
 * the text it was written as. What is less than a cent is dropped.
 */
export function reading(dollars: unknown, at?: number): FeedReading | undefined {
  const text = typeof dollars === 'number' ? String(dollars) : dollars
  if (typeof text !== 'string') return undefined
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,20}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const time = at !== undefined && Number.isFinite(at) ? at : undefined
  return { cents: BigInt(whole + fraction.slice(0, 2).padEnd(2, '0')), at: time }
}
