import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3'
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

/** One SQLite connection with durable commits, usable by stores through Kysely or through prepared statements. */
export class SqliteConnection implements Connection {
  readonly database: Database
  readonly kysely: Kysely<unknown>
  readonly #prepared = new Map<string, Statement>()

  constructor(path: string, options: { readonly: boolean }) {
    this.database = new SqliteDatabase(path, { readonly: options.readonly })
    this.database.defaultSafeIntegers(true)
    if (!options.readonly) this.database.pragma('journal_mode = WAL')
    // The package is compiled with NORMAL for WAL, which may lose the last commits in a power cut.
    for (const pragma of PRAGMAS) this.database.pragma(pragma)
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
    return Number(this.database.pragma('synchronous', { simple: true }))
  }

  // Asynchronous for the sake of PostgreSQL; here it never waits, so a transaction never yields to the event loop.
  async all(query: CompiledQuery, bindings: readonly unknown[]): Promise<readonly unknown[]> {
    return this.allNow(query.sql, bindings)
  }

  async first(query: CompiledQuery, bindings: readonly unknown[]): Promise<unknown> {
    const prepared = this.#prepare(query.sql)
    if (prepared.reader) return prepared.get(bindings)
    prepared.run(bindings)
    return undefined
  }

  async change(query: CompiledQuery, bindings: readonly unknown[]): Promise<number> {
    return this.#prepare(query.sql).run(bindings).changes
  }

  async insert(query: CompiledQuery, bindings: readonly unknown[]): Promise<bigint> {
    return BigInt(this.#prepare(query.sql).run(bindings).lastInsertRowid)
  }

  allNow(sql: string, bindings: readonly unknown[]): readonly unknown[] {
    const prepared = this.#prepare(sql)
    if (prepared.reader) return prepared.all(bindings)
    prepared.run(bindings)
    return []
  }

  #prepare(sql: string): Statement {
    const known = this.#prepared.get(sql)
    if (known) return known
    const fresh = this.database.prepare(sql)
    if (this.#prepared.size >= PREPARED_MAX) this.#prepared.clear()
    this.#prepared.set(sql, fresh)
    return fresh
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
