import { type CompiledQuery, type Kysely } from 'kysely'
import { type Param, type Statement, bindingsOf } from './statement.ts'

declare const opaque: unique symbol

/** An open transaction. Flows may pass it on; only a room's store may look inside. */
export interface Tx {
  readonly [opaque]: 'tx'
}

/** What an engine offers behind a `Tx`. */
export interface Connection {
  readonly kysely: Kysely<unknown>
  all(query: CompiledQuery, bindings: readonly unknown[]): Promise<readonly unknown[]>
  /** The first row, or undefined. The statement runs to its end all the same. */
  first(query: CompiledQuery, bindings: readonly unknown[]): Promise<unknown>
  /** How many rows a statement that returns none has changed. */
  change(query: CompiledQuery, bindings: readonly unknown[]): Promise<number>
  /** The integer key of the one row that a statement inserted. */
  insert(query: CompiledQuery, bindings: readonly unknown[]): Promise<bigint>
}

export function closeTx(connection: Connection): Tx {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a Tx is closed
  return connection as unknown as Tx
}

function openTx(tx: Tx): Connection {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a Tx is opened
  return tx as unknown as Connection
}

/** Opens `tx` for one room: the store sees its own tables and no others. Integers come back as bigint. */
export function tablesOf<Tables>(tx: Tx): Kysely<Tables> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a store names its own tables here, once
  return openTx(tx).kysely as unknown as Kysely<Tables>
}

/** Runs a statement that was compiled once, as a prepared statement. */
export function run<P extends Param, Row>(
  tx: Tx,
  statement: Statement<P, Row>,
  params: P,
): Promise<readonly Row[]> {
  const rows = openTx(tx).all(statement.query, bindingsOf(statement, params))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely typed the row when it was built
  return rows as Promise<readonly Row[]>
}

/** Runs a statement that returns no rows. @returns how many it changed */
export function change<P extends Param>(
  tx: Tx,
  statement: Statement<P, unknown>,
  params: P,
): Promise<number> {
  return openTx(tx).change(statement.query, bindingsOf(statement, params))
}

/** Inserts one row into a table with an integer key. @returns its key; far cheaper than `RETURNING` */
export function insert<P extends Param>(
  tx: Tx,
  statement: Statement<P, unknown>,
  params: P,
): Promise<bigint> {
  return openTx(tx).insert(statement.query, bindingsOf(statement, params))
}

/** The first row of a statement, or undefined. */
export function first<P extends Param, Row>(
  tx: Tx,
  statement: Statement<P, Row>,
  params: P,
): Promise<Row | undefined> {
  const row = openTx(tx).first(statement.query, bindingsOf(statement, params))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely typed the row when it was built
  return row as Promise<Row | undefined>
}
