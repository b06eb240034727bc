import { type Clock, DomainError } from '../lib/index.ts'
import { type Selectable, type Storage, tablesOf, type Tx, type Vault } from '../storage/index.ts'
import { readSavedModels } from './providers/read-list.ts'
import { type ModelRule, pricesText, readRule } from './rules.ts'
import type { ListedModel, UpstreamConfig, UpstreamOrigin } from './types.ts'
import type { UpstreamTables } from './upstream-tables.ts'

/** An upstream as it is kept. */
interface KeptUpstream {
  readonly config: Omit<UpstreamConfig, 'order'>
  readonly origin: UpstreamOrigin
  readonly isEnabled: boolean
  /** Why it cannot be used as it stands, where it cannot. */
  readonly problem: string | undefined
}

export interface KeptList {
  readonly models: readonly ListedModel[]
  readonly at: number
}

export interface Kept {
  /** In the order in which they are asked: the environment's, then those of the table, then what the environment forgot. */
  readonly upstreams: readonly KeptUpstream[]
  readonly lists: ReadonlyMap<string, KeptList>
  readonly rules: readonly ModelRule[]
}

interface Parts {
  readonly storage: Storage
  readonly vault: Vault
  readonly clock: Clock
}

type Row = Selectable<UpstreamTables['upstream']>

/** Upstreams, model lists and rules on disk. A key is sealed in its row; one of the environment never gets there. */
export class UpstreamStore {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Takes note of what the environment declares and reads everything. A row of the table with a declared id is left as
   * it is and stands back until the environment forgets that id.
   */
  async open(declared: readonly UpstreamConfig[]): Promise<Kept> {
    const { storage, clock } = this.#parts
    await storage.transact((tx) => noteDeclared(tx, declared, clock.now()))
    return storage.read(async (tx) => {
      const tables = tablesOf<UpstreamTables>(tx)
      const rows = await tables.selectFrom('upstream').selectAll().orderBy('place').orderBy('id').execute()
      const lists = await tables.selectFrom('model_list').selectAll().execute()
      const rules = await tables.selectFrom('model_rule').selectAll().execute()
      return {
        upstreams: this.#inOrder(rows, declared),
        lists: new Map(
          lists.map((row) => [
            row.upstream_id,
            { models: readSavedModels(row.models_json), at: Number(row.at) },
          ]),
        ),
        rules: rules.map(ruleOf),
      }
    })
  }

  /** @throws DomainError `upstream_exists` where a row of the table has the id */
  async add(config: Omit<UpstreamConfig, 'order'>): Promise<void> {
    const { storage, vault, clock } = this.#parts
    const at = clock.now()
    const { id, key } = config
    const sealed = key === undefined ? null : vault.seal(keyPlace(id), key)
    await storage.transact(async (tx) => {
      const tables = tablesOf<UpstreamTables>(tx)
      const rows = await tables.selectFrom('upstream').select(['id', 'origin', 'place']).execute()
      if (rows.some((row) => row.id === id && row.origin === 'table')) throw alreadyThere(id)
      const place = Math.max(0, ...rows.map((row) => Number(row.place) + 1))
      // What the environment declared once and forgot may be taken over.
      await writeUpstream(tx, config, { origin: 'table', sealed, place, at })
      await tables.deleteFrom('model_list').where('upstream_id', '=', id).execute()
    })
  }

  async setEnabled(id: string, isEnabled: boolean): Promise<void> {
    const { storage, clock } = this.#parts
    await storage.transact((tx) => writeEnabled(tx, id, { isEnabled, at: clock.now() }))
  }

  /** Forgets an upstream, its list and its own rules. Records of calls carry its id and stay. */
  async remove(id: string): Promise<void> {
    await this.#parts.storage.transact(async (tx) => {
      const tables = tablesOf<UpstreamTables>(tx)
      await tables.deleteFrom('upstream').where('id', '=', id).execute()
      await tables.deleteFrom('model_list').where('upstream_id', '=', id).execute()
      await tables.deleteFrom('model_rule').where('upstream_id', '=', id).execute()
    })
  }

  async keepList(id: string, { models, at }: KeptList): Promise<void> {
    const values = { models_json: JSON.stringify(models), at }
    await this.#parts.storage.transact(async (tx) => {
      await tablesOf<UpstreamTables>(tx)
        .insertInto('model_list')
        .values({ upstream_id: id, ...values })
        .onConflict((on) => on.column('upstream_id').doUpdateSet(values))
        .execute()
    })
  }

  async setRule(rule: ModelRule): Promise<void> {
    const { storage, clock } = this.#parts
    const values = {
      is_enabled: rule.isEnabled ? 1 : 0,
      alias: rule.alias ?? null,
      prices_json: pricesText(rule.prices),
      margin_bp: rule.marginBp ?? null,
      at: clock.now(),
    }
    await storage.transact(async (tx) => {
      await tablesOf<UpstreamTables>(tx)
        .insertInto('model_rule')
        .values({ upstream_id: rule.upstreamId, model: rule.model, ...values })
        .onConflict((on) => on.columns(['upstream_id', 'model']).doUpdateSet(values))
        .execute()
    })
  }

  async dropRule(upstreamId: string, model: string): Promise<void> {
    await this.#parts.storage.transact(async (tx) => {
      await tablesOf<UpstreamTables>(tx)
        .deleteFrom('model_rule')
        .where('upstream_id', '=', upstreamId)
        .where('model', '=', model)
        .execute()
    })
  }

  #inOrder(rows: readonly Row[], declared: readonly UpstreamConfig[]): KeptUpstream[] {
    const ids = new Set(declared.map(({ id }) => id))
    const kept = rows.filter((row) => !ids.has(row.id)).map((row) => this.#keptOf(row))
    return [
      ...declared.map((config): KeptUpstream => ({
        config,
        origin: 'environment',
        isEnabled: true,
        problem: undefined,
      })),
      ...kept.filter(({ origin }) => origin === 'table'),
      ...kept.filter(({ origin }) => origin === 'environment'),
    ]
  }

  #keptOf(row: Row): KeptUpstream {
    const { id, type, url, prices } = row
    const marginBp = row.margin_bp === null ? undefined : Number(row.margin_bp)
    const config = { id, type, url, prices, marginBp, key: undefined }
    if (row.origin !== 'table') {
      const problem = 'the environment no longer declares it'
      return { config, origin: 'environment', isEnabled: false, problem }
    }
    const kept = { origin: 'table', isEnabled: Number(row.is_enabled) === 1 } as const
    try {
      const key =
        row.sealed_key === null ? undefined : this.#parts.vault.openText(keyPlace(id), row.sealed_key)
      return { ...kept, config: { ...config, key }, problem: undefined }
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'its key cannot be opened'
      return { ...kept, config, problem }
    }
  }
}

/** Where an upstream's key is sealed; whoever seals everything anew needs it too. */
function keyPlace(id: string): { table: string; column: string; row: string } {
  return { table: 'upstream', column: 'sealed_key', row: id }
}

interface Standing {
  readonly origin: UpstreamOrigin
  /** Its key, sealed for its row. */
  readonly sealed: string | null
  readonly place: number
  readonly at: number
}

/** Writes the row of an enabled upstream, over one that is there. */
async function writeUpstream(
  tx: Tx,
  { id, type, url, prices, marginBp }: Omit<UpstreamConfig, 'order'>,
  { origin, sealed, place, at }: Standing,
): Promise<void> {
  const values = {
    type,
    url,
    sealed_key: sealed,
    prices,
    margin_bp: marginBp ?? null,
    origin,
    is_enabled: 1,
    place,
    updated_at: at,
  }
  await tablesOf<UpstreamTables>(tx)
    .insertInto('upstream')
    .values({ id, created_at: at, ...values })
    .onConflict((on) => on.column('id').doUpdateSet(values))
    .execute()
}

async function noteDeclared(tx: Tx, declared: readonly UpstreamConfig[], at: number): Promise<void> {
  const tables = tablesOf<UpstreamTables>(tx)
  const known = new Map(
    (await tables.selectFrom('upstream').selectAll().execute()).map((row) => [row.id, row]),
  )
  for (const [place, config] of declared.entries()) {
    const { id, url } = config
    const row = known.get(id)
    if (row !== undefined && row.url !== url) {
      await tables.deleteFrom('model_list').where('upstream_id', '=', id).execute()
    }
    if (row?.origin === 'table') continue
    await writeUpstream(tx, config, { origin: 'environment', sealed: null, place, at })
  }
  const ids = new Set(declared.map(({ id }) => id))
  for (const row of known.values()) {
    const isGone = row.origin === 'environment' && !ids.has(row.id) && Number(row.is_enabled) === 1
    if (isGone) await writeEnabled(tx, row.id, { isEnabled: false, at })
  }
}

async function writeEnabled(
  tx: Tx,
  id: string,
  { isEnabled, at }: { isEnabled: boolean; at: number },
): Promise<void> {
  await tablesOf<UpstreamTables>(tx)
    .updateTable('upstream')
    .set({ is_enabled: isEnabled ? 1 : 0, updated_at: at })
    .where('id', '=', id)
    .execute()
}

function ruleOf(row: Selectable<UpstreamTables['model_rule']>): ModelRule {
  const prices: unknown = row.prices_json === null ? undefined : JSON.parse(row.prices_json)
  return readRule({
    upstreamId: row.upstream_id,
    model: row.model,
    isEnabled: Number(row.is_enabled) === 1,
    alias: row.alias ?? undefined,
    prices: typeof prices === 'object' && prices !== null ? { ...prices } : undefined,
    marginBp: row.margin_bp === null ? undefined : Number(row.margin_bp),
  })
}

export function alreadyThere(id: string): DomainError {
  return new DomainError(
    'upstream_exists',
    `There is an upstream "${id}" already. Take another name; or, to change it or its key, remove it and add it anew.`,
  )
}
