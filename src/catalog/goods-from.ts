import { type Live } from '../lib/index.ts'
import { type MarginBp } from '../money/index.ts'
import { EVERY_UPSTREAM, type ModelRule, type Upstreams } from '../upstreams/index.ts'
import { type Goods, type GoodsRule } from './goods.ts'

/** What the catalogue reads of the upstreams. */
type Supply = Pick<Upstreams, 'states' | 'rules'>

/**
 * The goods of all upstreams under the operator's rules, for `CatalogOptions`: the same array until an upstream, a rule or
 * the node's margin changed.
 */
export function goodsFrom(upstreams: Supply, margin: Live<MarginBp>): () => readonly Goods[] {
  let states: ReturnType<Supply['states']> | undefined
  let rules: ReturnType<Supply['rules']> = []
  let nodes: MarginBp | undefined
  let goods: readonly Goods[] = []
  return () => {
    // Asked for every call, so nothing is put together for the comparison.
    const isSame = states === upstreams.states() && rules === upstreams.rules() && nodes === margin.get()
    if (isSame) return goods
    states = upstreams.states()
    rules = upstreams.rules()
    nodes = margin.get()
    goods = states.map((state) => {
      const { config, models, isEnabled, canList, modelsAt, pausedUntil, lastError } = state
      return {
        upstreamId: config.id,
        order: config.order,
        prices: config.prices,
        marginBp: config.marginBp ?? margin.get(),
        models,
        rules: rulesFor(config.id, rules),
        standing: { isEnabled, canList, hasListed: modelsAt !== undefined, pausedUntil, lastError },
      }
    })
    return goods
  }
}

/**
 * The rules that hold at one upstream. Of a rule for it and one for all, its own counts where both say something; only
 * what either disables stays disabled.
 */
function rulesFor(upstreamId: string, rules: readonly ModelRule[]): ReadonlyMap<string, GoodsRule> {
  const merged = new Map<string, GoodsRule>()
  for (const rule of rules) if (rule.upstreamId === EVERY_UPSTREAM) merged.set(rule.model, rule)
  for (const rule of rules) {
    if (rule.upstreamId !== upstreamId) continue
    const general = merged.get(rule.model)
    merged.set(rule.model, general === undefined ? rule : overGeneral(rule, general))
  }
  return merged
}

function overGeneral(own: GoodsRule, general: GoodsRule): GoodsRule {
  const { prices } = own
  return {
    isEnabled: own.isEnabled && general.isEnabled,
    alias: own.alias ?? general.alias,
    prices: prices === undefined ? general.prices : { ...general.prices, ...prices },
    marginBp: own.marginBp ?? general.marginBp,
  }
}
