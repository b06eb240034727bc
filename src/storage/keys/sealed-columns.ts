/** A column whose values are sealed under the root key, and how its rows are named in their places (see `Place`). */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  readonly key: string
  /** What stands as `row` in the place of the row with this key. */
  readonly rowOf: (key: unknown) => string
}

const asText = (key: unknown): string => String(key)
const asHex = (key: unknown): string => (Buffer.isBuffer(key) ? key.toString('hex') : String(key))

/**
 * Every column that is sealed under the root key, in the order in which a rotation seals them anew. A test finds a column
 * of the schema that is missing here. The canary comes last: a start without a key that is still needed is refused by it.
 */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'proof', column: 'sealed', key: 'y', rowOf: asHex },
  { table: 'operation', column: 'sealed_plan', key: 'id', rowOf: asText },
  { table: 'operation', column: 'sealed_result', key: 'id', rowOf: asText },
  { table: 'upstream', column: 'sealed_key', key: 'id', rowOf: asText },
  { table: 'secret', column: 'sealed', key: 'name', rowOf: asText },
  { table: 'node', column: 'canary', key: 'id', rowOf: () => 'node' },
]

/** Sealed under keys that are made from callers' credentials, which no root key opens. */
export const SEALED_BY_CALLERS: readonly string[] = ['answer.sealed']
