import type { ModelInfo } from '@pydantic/genai-prices'
import { version } from '../../../lib/index.ts'
import { type Storage, tablesOf } from '../../../storage/index.ts'
import { readFreshLists } from './fresh-list.ts'

interface PriceTables {
  price_list: { source: string; json: string; at: number | bigint }
}

/** What was taken from a source, by provider and model. */
export type Taken = ReadonlyMap<string, ReadonlyMap<string, ModelInfo>>

export interface SavedPrices {
  readonly taken: Taken
  /** Unix milliseconds of the last answer. */
  readonly at: number
}

/**
 * What every source has given. Prices that another version of Farebox saved are left out: the lists that came with this one
 * may be younger.
 */
export async function loadPrices(storage: Storage): Promise<Map<string, SavedPrices>> {
  const rows = await storage.read((tx) =>
    tablesOf<PriceTables>(tx).selectFrom('price_list').selectAll().execute(),
  )
  return new Map(
    rows.flatMap(({ source, json, at }) => {
      const saved: unknown = JSON.parse(json)
      const taken = readTaken(saved)
      return taken === undefined ? [] : [[source, { taken, at: Number(at) }] as const]
    }),
  )
}

export async function savePrices(
  storage: Storage,
  source: string,
  { taken, at }: SavedPrices,
): Promise<void> {
  const lists = [...taken].map(([id, models]) => ({ id, models: [...models.values()] }))
  const values = { json: JSON.stringify({ version, lists }), at }
  await storage.transact(async (tx) => {
    const upsert = tablesOf<PriceTables>(tx)
      .insertInto('price_list')
      .values({ source, ...values })
      .onConflict((on) => on.column('source').doUpdateSet(values))
    await upsert.execute()
  })
}

function readTaken(saved: unknown): Taken | undefined {
  if (typeof saved !== 'object' || saved === null) return undefined
  if (!('version' in saved) || saved.version !== version || !('lists' in saved)) return undefined
  const lists = readFreshLists(saved.lists) ?? []
  return new Map(
    lists.map(({ provider, models }) => [provider, new Map(models.map((model) => [model.id, model]))]),
  )
}
