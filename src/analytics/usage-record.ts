import { type Usage, USAGE_NAMES } from '../dialects/index.ts'
import type { BtcUsd, Msat } from '../money/index.ts'

export interface UsageFacts {
  /** What was sold: an offer by its digest in the offer book, which has its prices, margin and rate; or a priced route. */
  readonly sold: { readonly offer: string } | { readonly route: string; readonly rate: BtcUsd | undefined }
  /** The upstream that served, undefined where none did. */
  readonly upstream: string | undefined
  readonly ending: 'complete' | 'cut' | 'left' | 'failed'
  /** What was counted, or estimated. */
  readonly usage: Usage | undefined
  readonly estimated: boolean
  /** At the shown price, without margin. */
  readonly picoUsd: bigint
  /** What the node pays at the upstream that served. */
  readonly upstreamPicoUsd: bigint
  readonly charge: Msat
}

/**
 * One call as it is kept, as JSON: with the offer it names, enough to explain and recompute its charge years later, and
 * nothing of what was said. Written with the settlement, in the hold's own row.
 */
export function usageRecord(facts: UsageFacts): string {
  const { sold, upstream, ending, estimated, usage } = facts
  // Written out by hand: this is on the path of every call, and only these texts can need escapes.
  return (
    `{"v":1,${soldText(sold)},"ending":"${ending}"` +
    (upstream === undefined ? '' : `,"upstream":${JSON.stringify(upstream)}`) +
    (estimated ? ',"estimated":true' : '') +
    (usage === undefined ? '' : `,"usage":${onlyUsed(usage)}`) +
    `,"pico_usd":"${facts.picoUsd}","upstream_pico_usd":"${facts.upstreamPicoUsd}","charge_msat":"${facts.charge}"}`
  )
}

function soldText(sold: UsageFacts['sold']): string {
  if ('offer' in sold) return `"offer":"${sold.offer}"`
  const rate = sold.rate && `,"cents_per_btc":"${sold.rate.centsPerBtc}"`
  return `"route":${JSON.stringify(sold.route)}${rate ?? ''}`
}

function onlyUsed(usage: Usage): string {
  let used = ''
  for (const name of USAGE_NAMES)
    if (usage[name] > 0) used += `${used === '' ? '' : ','}"${name}":${usage[name]}`
  return `{${used}}`
}
