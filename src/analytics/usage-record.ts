import { type Usage, USAGE_NAMES } from '../dialects/index.ts'
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
  const { dialect, model, upstream, ending, estimated, usage, priceVersion } = facts
  // Written out by hand: this is on the path of every call, and only these texts can need escapes.
  const components = facts.components.map((line) => `["${line.name}",${line.units},"${line.picoUsdPerUnit}"]`)
  return (
    `{"v":1,"dialect":${JSON.stringify(dialect)},"model":${JSON.stringify(model)},` +
    (upstream === undefined ? '' : `"upstream":${JSON.stringify(upstream)},`) +
    `"ending":${JSON.stringify(ending)},` +
    (estimated ? '"estimated":true,' : '') +
    (usage === undefined ? '' : `"usage":${onlyUsed(usage)},`) +
    `"pico_usd":"${facts.picoUsd}","upstream_pico_usd":"${facts.upstreamPicoUsd}",` +
    `"charge_msat":"${facts.charge}","cents_per_btc":"${facts.rate.centsPerBtc}","margin_bp":${facts.marginBp},` +
    `"price_version":${JSON.stringify(priceVersion)},"components":[${components.join(',')}]}`
  )
}

function onlyUsed(usage: Usage): string {
  let used = ''
  for (const name of USAGE_NAMES)
    if (usage[name] > 0) used += `${used === '' ? '' : ','}"${name}":${usage[name]}`
  return `{${used}}`
}
