import type { BtcUsd } from '../../money/index.ts'
import { type Storage, tablesOf } from '../../storage/index.ts'
import { isPlausible } from './quorum.ts'

interface RateTables {
  exchange_rate: { id: number | bigint; cents_per_btc: bigint; at: number | bigint; feeds_json: string }
}

/** A rate that a quorum agreed on. */
export interface GoodRate {
  readonly rate: BtcUsd
  /** Unix milliseconds. */
  readonly at: number
  /** Whose answers it is made of; empty for a fixed rate. */
  readonly feeds: readonly string[]
}

/** The last good rate, which counts over a restart with the age it has. */
export async function loadRate(storage: Storage): Promise<GoodRate | undefined> {
  const row = await storage.read((tx) =>
    tablesOf<RateTables>(tx).selectFrom('exchange_rate').selectAll().where('id', '=', 1).executeTakeFirst(),
  )
  if (row === undefined || !isPlausible(row.cents_per_btc)) return undefined
  return { rate: { centsPerBtc: row.cents_per_btc }, at: Number(row.at), feeds: readNames(row.feeds_json) }
}

export async function saveRate(storage: Storage, { rate, at, feeds }: GoodRate): Promise<void> {
  const values = { cents_per_btc: rate.centsPerBtc, at, feeds_json: JSON.stringify(feeds) }
  await storage.transact(async (tx) => {
    const upsert = tablesOf<RateTables>(tx)
      .insertInto('exchange_rate')
      .values({ id: 1, ...values })
      .onConflict((on) => on.column('id').doUpdateSet(values))
    await upsert.execute()
  })
}

function readNames(json: string): string[] {
  const names: unknown = JSON.parse(json)
  return Array.isArray(names) ? names.map(String) : []
}
