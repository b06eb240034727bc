import type { MatchLogic, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices'
import { currentPrices } from '../current-prices.ts'
import { matches } from '../match.ts'
import { PRICE_KEYS } from '../price-keys.ts'
import { type AllPrices, amountsOf, type Refusal, variants } from './fresh-list.ts'

/** A price may change by so many times in one refresh; what changes more is a slip of somebody's. */
const MOST_TIMES = 10

/** Which of the new entries are taken, and which are not. Those that say nothing new are neither. */
interface Sifted {
  readonly taken: readonly ModelInfo[]
  readonly refused: readonly Refusal[]
}

/** Compares new entries with the list that they are to change. `now` chooses among dated prices. */
export function sift(list: Provider, fresh: readonly ModelInfo[], now: number): Sifted {
  const taken: ModelInfo[] = []
  const refused: Refusal[] = []
  for (const model of fresh) {
    const old = entryFor(list, model.id)
    if (old !== undefined && isSame(old, model, list)) continue
    const why = wrongInput(model.prices, old, now) ?? (old && absurd(old.prices, model.prices, now))
    if (why === undefined) taken.push(model)
    else refused.push({ model: model.id, why })
  }
  return { taken, refused }
}

/**
 * A list with new entries in it. A known model keeps its rule, and may gain names that nobody had. A name of its own for
 * what another's rule covered comes first, an unknown model last; so no known name gets another's price.
 */
export function merge(list: Provider, fresh: readonly ModelInfo[]): Provider {
  const known = new Map(list.models.map((model) => [model.id, model]))
  const first: ModelInfo[] = []
  const last: ModelInfo[] = []
  for (const model of fresh) {
    const old = known.get(model.id)
    if (old !== undefined) known.set(model.id, renewed(old, model, list))
    else if (entryFor(list, model.id) !== undefined) first.push({ ...model, match: { equals: model.id } })
    else last.push(model)
  }
  const ids = [...known.keys(), ...fresh.map(({ id }) => id)]
  const newcomers = last.map((model) => ({
    ...model,
    match: { or: [{ equals: model.id }, ...newNames(model, list), ...newBeginnings(model, ids)] },
  }))
  return { ...list, models: [...first, ...known.values(), ...newcomers] }
}

/** The entry of this id, or else the one whose rule covers it as a name. */
function entryFor({ models }: Provider, id: string): ModelInfo | undefined {
  return models.find((model) => model.id === id) ?? models.find((model) => matches(model.match, id))
}

function renewed(old: ModelInfo, model: ModelInfo, list: Provider): ModelInfo {
  const added = newNames(model, list)
  return {
    ...old,
    prices: model.prices,
    ...(model.context_window !== undefined && { context_window: model.context_window }),
    ...(added.length > 0 && { match: { or: [old.match, ...added] } }),
  }
}

/** Those whole names of an entry that no rule of the list covers. */
function newNames({ match }: ModelInfo, { models }: Provider): MatchLogic[] {
  return partsOf(match).filter(
    (part) => 'equals' in part && !models.some((model) => matches(model.match, part.equals)),
  )
}

/** Those beginnings of names of an entry with which no other model's id begins. */
function newBeginnings({ id, match }: ModelInfo, ids: readonly string[]): MatchLogic[] {
  return partsOf(match).filter(
    (part) =>
      'starts_with' in part && !ids.some((other) => other !== id && other.startsWith(part.starts_with)),
  )
}

function partsOf(match: MatchLogic): readonly MatchLogic[] {
  return 'or' in match ? match.or : [match]
}

function isSame(old: ModelInfo, model: ModelInfo, list: Provider): boolean {
  return (
    old.id === model.id &&
    canonical(old.prices) === canonical(model.prices) &&
    (model.context_window ?? old.context_window) === old.context_window &&
    newNames(model, list).length === 0
  )
}

/** Prices as text that does not depend on the order of keys. */
function canonical(prices: AllPrices): string {
  return JSON.stringify(prices, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

/** Nobody's word but the operator's makes a model free. */
function wrongInput(prices: AllPrices, old: ModelInfo | undefined, now: number): string | undefined {
  const before = old && currentPrices(old.prices, now).prices['input_mtok']
  if (before === 0) return undefined
  const isFree = variants(prices).some(
    ({ input_mtok: price }) => price === undefined || amountsOf(price).includes(0),
  )
  return isFree ? 'has no price for its input' : undefined
}

/** Why new prices cannot follow these; undefined where they can. */
function absurd(old: AllPrices, prices: AllPrices, now: number): string | undefined {
  const before = currentPrices(old, now).prices
  for (const key of PRICE_KEYS.keys()) {
    const from = before[key]
    if (from === undefined) continue
    for (const after of variants(prices)) {
      const why = absurdStep(key, from, after)
      if (why !== undefined) return why
    }
  }
  return undefined
}

function absurdStep(
  key: string,
  from: NonNullable<ModelPrice[string]>,
  after: ModelPrice,
): string | undefined {
  const to = after[key]
  if (to === undefined) return `no longer says its ${key}`
  const before = amountsOf(from)
  const [least, most] = [Math.min(...before) / MOST_TIMES, Math.max(...before) * MOST_TIMES]
  const far = amountsOf(to).find(
    (amount) => amount < least || (most > 0 && amount > most) || (amount === 0 && least > 0),
  )
  return far === undefined ? undefined : `its ${key} would go from ${before[0]} to ${far}`
}
