import {
  type Compilable,
  type CompiledQuery,
  DummyDriver,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'

/** Named values of one run of a statement. */
export type Param = Readonly<Record<string, unknown>>

/** A query built and compiled once; `first` and `run` execute it with fresh values. */
export interface Statement<P extends Param, Row> {
  readonly query: CompiledQuery
  /** Which name gives the value of each place; undefined where the value is `fixed`. */
  readonly names: readonly (string | undefined)[]
  readonly fixed: readonly unknown[]
  /** Only for the type checker. */
  readonly types?: (params: P) => Row
}

class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Stands in a query for a value that each run gives anew. */
type Slot<P> = <Name extends keyof P & string>(name: Name) => RawBuilder<P[Name]>

function placeholder<T>(name: string): RawBuilder<T> {
  return sql<T>`${new Placeholder(name)}`
}

const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

/**
 * Builds a hot statement: Kysely types and compiles it once, at start-up, because building a query costs thirty times
 * what running it does.
 */
export function statement<Tables, P extends Param, Row>(
  build: (db: Kysely<Tables>, slot: Slot<P>) => Compilable<Row>,
): Statement<P, Row> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a store names its own tables here, once
  const query = build(builder as unknown as Kysely<Tables>, placeholder).compile()
  return {
    query,
    names: query.parameters.map((value) => (value instanceof Placeholder ? value.name : undefined)),
    fixed: query.parameters,
  }
}

export function bindingsOf<P extends Param, Row>(of: Statement<P, Row>, params: P): unknown[] {
  const bindings = of.fixed.slice()
  for (let i = 0; i < bindings.length; i += 1) {
    const name = of.names[i]
    if (name !== undefined) bindings[i] = params[name]
  }
  return bindings
}
