import type { Usage } from '../dialects/index.ts'
import type { BtcUsd, Msat } from '../money/index.ts'

export interface UsageFacts {
  readonly dialect: string
  readonly model: string
  /** The upstream that served, undefined where none did. */
  readonly upstream: string | undefined
  readonly ending: string
  /** What was counted, or estimated. */
  readonly usage: Usage | undefined
  readonly estimated: boolean
  /** At the shown price, without margin. */
  readonly picoUsd: bigint
  /** What the node pays at the upstream that served. */
  readonly upstreamPicoUsd: bigint
  readonly charge: Msat
  readonly rate: BtcUsd
  readonly marginBp: number
  readonly priceVersion: string
  readonly components: readonly {
    readonly name: string
    readonly units: number
    readonly picoUsdPerUnit: bigint
  }[]
}

/**
 * One call as it is kept, as JSON: enough to explain and recompute its charge years later, and nothing of what was said.
 * Written with the settlement, in the hold's own row.
 */
export function usageRecord(facts: UsageFacts): string {
  return JSON.stringify({
    v: 1,
    dialect: facts.dialect,
    model: facts.model,
    upstream: facts.upstream,
    ending: facts.ending,
    estimated: facts.estimated || undefined,
    usage: facts.usage && onlyUsed(facts.usage),
    pico_usd: String(facts.picoUsd),
    upstream_pico_usd: String(facts.upstreamPicoUsd),
    charge_msat: String(facts.charge),
    cents_per_btc: String(facts.rate.centsPerBtc),
    margin_bp: facts.marginBp,
    price_version: facts.priceVersion,
    components: facts.components.map((line) => [line.name, line.units, String(line.picoUsdPerUnit)]),
  })
}

function onlyUsed(usage: Usage): Record<string, number> {
  const used: Record<string, number> = {}
  for (const [name, count] of Object.entries(usage)) if (count > 0) used[name] = count
  return used
}
