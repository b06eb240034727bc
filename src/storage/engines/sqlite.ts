import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { assert } from '../../lib/index.ts'
import type { Connection } from '../tx.ts'

/** A statement as SQLite has compiled it. */
interface Prepared {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

/** One SQLite connection with durable commits, usable by stores through Kysely or through prepared statements. */
export class SqliteConnection implements Connection {
  readonly kysely: Kysely<unknown>
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(path: string, options: { readonly: boolean }) {
    this.#database = new DatabaseSync(path, { readOnly: options.readonly })
    if (!options.readonly) this.exec('PRAGMA journal_mode = WAL')
    for (const pragma of PRAGMAS) this.exec(`PRAGMA ${pragma}`)
    assert(this.synchronous() === 2, 'SQLite did not accept synchronous = FULL')
    this.kysely = new Kysely<unknown>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new BorrowingDriver(this),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    })
  }

  /** 2 means FULL: a commit is on disk before it is answered. */
  synchronous(): number {
    const row = this.#prepare('PRAGMA synchronous').statement.get()
    return Number(row?.['synchronous'])
  }

  get isInTransaction(): boolean {
    return this.#database.isOpen && this.#database.isTransaction
  }

  /** Runs a script; what it returns is dropped. */
  exec(script: string): void {
    this.#database.exec(script)
  }

  /** Runs one of the statements that come again and again and neither take nor return anything, as `COMMIT`. */
  command(sql: string): void {
    this.#prepare(sql).statement.run()
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  // Asynchronous for the sake of PostgreSQL; here it never waits, so a transaction never yields to the event loop.
  async all(query: CompiledQuery, bindings: readonly unknown[]): Promise<readonly unknown[]> {
    return this.allNow(query.sql, bindings)
  }

  async first(query: CompiledQuery, bindings: readonly unknown[]): Promise<unknown> {
    const row = this.#prepare(query.sql).statement.get(...asValues(bindings))
    if (row) blobsToBuffers(row)
    return row
  }

  async change(query: CompiledQuery, bindings: readonly unknown[]): Promise<number> {
    return Number(this.#prepare(query.sql).statement.run(...asValues(bindings)).changes)
  }

  async insert(query: CompiledQuery, bindings: readonly unknown[]): Promise<bigint> {
    return BigInt(this.#prepare(query.sql).statement.run(...asValues(bindings)).lastInsertRowid)
  }

  allNow(sql: string, bindings: readonly unknown[]): readonly unknown[] {
    const { statement, returnsRows } = this.#prepare(sql)
    if (!returnsRows) {
      statement.run(...asValues(bindings))
      return []
    }
    const rows = statement.all(...asValues(bindings))
    for (const row of rows) blobsToBuffers(row)
    return rows
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    const returnsRows = statement.columns().length > 0
    if (returnsRows) statement.setReadBigInts(true)
    const fresh = { statement, returnsRows }
    if (this.#prepared.size >= PREPARED_MAX) this.#prepared.clear()
    this.#prepared.set(sql, fresh)
    return fresh
  }
}

function asValues(bindings: readonly unknown[]): SQLInputValue[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- SQLite itself refuses what it cannot store
  return bindings as SQLInputValue[]
}

/** Stores work with `Buffer`, which SQLite does not know. */
function blobsToBuffers(row: Record<string, unknown>): void {
  for (const name in row) {
    const value = row[name]
    if (value instanceof Uint8Array) row[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
}

const PREPARED_MAX = 500
const PRAGMAS = [
  'synchronous = FULL',
  'fullfsync = 1',
  'foreign_keys = ON',
  'busy_timeout = 5000',
  'trusted_schema = OFF',
  'cell_size_check = ON',
  'wal_autocheckpoint = 0',
  'cache_size = -16000',
]

/** Lets Kysely run queries on a connection whose transactions are managed elsewhere. */
class BorrowingDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: SqliteConnection) {
    this.#connection = {
      async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
        const rows = await connection.all(query, query.parameters)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely typed the row when it was built
        return { rows: [...rows] as Row[] }
      },
      // oxlint-disable-next-line require-yield -- it exists to say no
      async *streamQuery() {
        throw new Error('a store reads whole results')
      },
    }
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
  async releaseConnection(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error('transactions are opened by storage.transact')
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async destroy(): Promise<void> {}
}
