import { type Goods, type Offer } from './goods.ts'
import { type Item, itemsOf, listFor } from './items.ts'
import { type PriceLists } from './lists/price-lists.ts'
import { isSold } from './lists/well-known.ts'
import { nearNames } from './near-names.ts'

type WhyCode =
  | 'offered'
  | 'stands_back'
  | 'paused'
  | 'upstream_disabled'
  | 'never_answered'
  | 'not_listed'
  | 'rule_disables'
  | 'rule_renames'
  | 'no_price'
  | 'no_price_list'

/** How it stands with one model at one upstream. */
interface Why {
  readonly upstream: string
  readonly code: WhyCode
  /** One sentence, with what to do. */
  readonly reason: string
}

/** Why a model is for sale or not, upstream by upstream. */
export interface WhyNot {
  readonly isOffered: boolean
  readonly reasons: readonly Why[]
  /** Why nothing at all can be sold: the node has no price of bitcoin. */
  readonly rate: string | undefined
  /** Names that look like the one asked for, of all that any upstream lists or that is sold. */
  readonly near: readonly string[]
}

interface Question {
  readonly name: string
  readonly goods: readonly Goods[]
  readonly priceLists: PriceLists
  readonly now: number
  /** What is sold under the name; undefined where nothing is. */
  readonly offer: Offer | undefined
  readonly rate: string | undefined
}

/** Answers for every upstream. Not for the hot path: prices everything anew. */
export function whyNot(question: Question): WhyNot {
  const { name, goods, priceLists, now, offer, rate } = question
  const names = new Set<string>()
  const reasons = goods
    .toSorted((a, b) => a.order - b.order)
    .map((one) => {
      const list = listFor(one, priceLists)
      if ('problem' in list) return say(one, 'no_price_list', list.problem)
      const items = itemsOf(one, list, now)
      for (const item of items) names.add(item.name).add(item.upstreamModel)
      return whyAt(one, items, { name, offer })
    })
  names.delete(name)
  return { isOffered: offer !== undefined, reasons, rate, near: nearNames(name, names) }
}

function whyAt(goods: Goods, items: readonly Item[], { name, offer }: Pick<Question, 'name' | 'offer'>): Why {
  if (goods.standing?.isEnabled === false) {
    return say(goods, 'upstream_disabled', `The upstream is disabled${because(goods)}.`)
  }
  const sold = items.find((item) => item.name === name)
  if (sold !== undefined) return whySold(goods, sold, offer)
  const own = items.find((item) => item.upstreamModel === name)
  if (own === undefined) return whyMissing(goods)
  return say(goods, 'rule_renames', `A rule sells this model of the upstream as ${own.name}.`)
}

function whyMissing(goods: Goods): Why {
  const { hasListed, canList } = goods.standing ?? { hasListed: true, canList: true }
  if (!canList) {
    const advice =
      'The upstream has no list to be asked for, and neither a rule nor a price file names the model.'
    return say(goods, 'not_listed', advice)
  }
  if (hasListed) return say(goods, 'not_listed', 'The upstream does not list it.')
  return say(goods, 'never_answered', `The upstream has not told its models yet${because(goods)}.`)
}

function because({ standing }: Goods): string {
  return standing?.lastError === undefined ? '' : `: ${standing.lastError}`
}

function whySold(goods: Goods, { upstreamModel, name, lack, route }: Item, offer: Offer | undefined): Why {
  const as = upstreamModel === name ? '' : ` (there ${upstreamModel})`
  if (lack === 'disabled') return say(goods, 'rule_disables', `A rule disables the model${as}.`)
  if (route === undefined) return say(goods, 'no_price', priceSentence(goods, upstreamModel))
  const until = goods.standing?.pausedUntil
  if (until !== undefined) {
    const time = new Date(until).toISOString()
    return say(goods, 'paused', `The upstream is paused until ${time}${because(goods)}.`)
  }
  const price = `at the price of ${route.terms.priceVersion}`
  if (offer === undefined) return say(goods, 'offered', `It could be sold${as} ${price}.`)
  const place = offer.routes.findIndex(
    (one) => one.upstreamId === goods.upstreamId && one.upstreamModel === upstreamModel,
  )
  if (place === 0) return say(goods, 'offered', `Offered${as} ${price}.`)
  const first = offer.routes[0].upstreamId
  return place > 0
    ? say(goods, 'stands_back', `Serves${as} where ${first}, which comes first, fails.`)
    : say(goods, 'stands_back', `Costs more${as} than ${first} sells it for, so it never serves.`)
}

function priceSentence({ prices }: Goods, model: string): string {
  if (!isSold(model))
    return `The routes of this node cannot sell ${model}: it speaks another API or searches unasked.`
  const where =
    prices === 'none' ? 'No price list is set' : `The price list ${prices} has no price that can be charged`
  return `${where} for ${model}. Write its prices by a rule or in a price file.`
}

function say({ upstreamId }: Goods, code: WhyCode, reason: string): Why {
  return { upstream: upstreamId, code, reason }
}
