import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice } from '@pydantic/genai-prices'
import { z } from 'zod'
import { type Unit, wrongAmount } from '../amounts.ts'

/** What a place on the net says about one provider's models, each checked by itself. */
export interface FreshList {
  readonly provider: string
  readonly models: readonly ModelInfo[]
  readonly refused: readonly Refusal[]
}

/** A model whose new price is not taken. */
export interface Refusal {
  readonly model: string
  readonly why: string
}

export type AllPrices = ModelPrice | ConditionalPrice[]

const MAX_MODELS = 5000
const MAX_PROVIDERS = 200

const name = z.string().min(1).max(200)
const modelPrice = z.record(
  name,
  z.union([
    z.number(),
    z.object({
      base: z.number(),
      tiers: z.array(z.object({ start: z.int().nonnegative(), price: z.number() })).max(20),
    }),
  ]),
)
/** `09:30:00Z` or with an offset. */
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:\d\d)?$/)
const constraint = z.union([
  z.object({ start_date: z.iso.date() }).transform((date) => ({ ...date, type: 'start_date' as const })),
  z
    .object({ start_time: time, end_time: time })
    .transform((times) => ({ ...times, type: 'time_of_date' as const })),
])
const modelShape = z.object({
  id: name,
  name: name.optional().catch(undefined),
  match: z.unknown(),
  context_window: z.int().min(1).max(100_000_000).optional().catch(undefined),
  prices: z.union([
    modelPrice,
    z
      .array(
        z
          .object({ constraint: constraint.optional(), prices: modelPrice })
          .transform(({ constraint: when, prices }) => ({ prices, ...(when && { constraint: when }) })),
      )
      .min(1)
      .max(20),
  ]),
})
const listShape = z
  .array(z.object({ id: name, models: z.array(z.unknown()).max(MAX_MODELS) }))
  .max(MAX_PROVIDERS)

/** Reads lists in the form of genai-prices, by provider; undefined where it is no such thing. Never throws. */
export function readFreshLists(json: unknown): FreshList[] | undefined {
  const parsed = listShape.safeParse(json)
  return parsed.success ? parsed.data.map(({ id, models }) => readFreshList(id, models)) : undefined
}

/** Reads the models of one provider, each in the form of genai-prices. Those that are wrong or repeated are refused. */
export function readFreshList(provider: string, entries: readonly unknown[]): FreshList {
  const models = new Map<string, ModelInfo>()
  const refused: Refusal[] = []
  for (const entry of entries) {
    const model = readModel(entry)
    if ('why' in model) refused.push(model)
    else if (models.has(model.id)) refused.push({ model: model.id, why: 'stands in the list twice' })
    else models.set(model.id, model)
  }
  // Which of two prices is right nobody knows, so neither is taken.
  for (const { model, why } of refused) if (why === 'stands in the list twice') models.delete(model)
  return { provider, models: [...models.values()], refused }
}

function readModel(entry: unknown): ModelInfo | Refusal {
  const parsed = modelShape.safeParse(entry)
  if (!parsed.success) return { model: idOf(entry), why: 'has an unknown shape' }
  const { id, match, prices, context_window: context, name: title } = parsed.data
  for (const one of variants(prices)) {
    const why = wrongPrice(one)
    if (why !== undefined) return { model: id, why }
  }
  return {
    id,
    match: { or: namesIn(match, id) },
    prices,
    ...(context !== undefined && { context_window: context }),
    ...(title !== undefined && { name: title }),
  }
}

/** All prices that a model can have, whatever the day or hour. */
export function variants(prices: AllPrices): readonly ModelPrice[] {
  return Array.isArray(prices) ? prices.map((one: ConditionalPrice) => one.prices) : [prices]
}

function wrongPrice(prices: ModelPrice): string | undefined {
  for (const [key, value] of Object.entries(prices)) {
    const perOne = key.endsWith('_kcount') ? 1000 : 1
    const amounts = value === undefined ? [] : amountsOf(value)
    const wrong = amounts.map((amount) => wrongAmount(amount / perOne, unitOf(key))).find(Boolean)
    if (wrong !== undefined) return `its ${key} ${wrong.split(';')[0]}`
  }
  return undefined
}

/** The base price and those of the tiers. */
export function amountsOf(value: NonNullable<ModelPrice[string]>): readonly number[] {
  return typeof value === 'number' ? [value] : [value.base, ...value.tiers.map(({ price }) => price)]
}

function unitOf(key: string): Unit {
  if (key.endsWith('_kcount')) return 'event'
  if (!key.endsWith('_mtok')) return 'other'
  return key.startsWith('cache_') ? 'cached tokens' : 'tokens'
}

/**
 * The names that a rule gives a model: whole ones, and beginnings no shorter than its id (`claude-x-1-2027…`).
 * Wider rules and patterns of strangers are not run: they could sell what they do not know at a price that is not its own.
 */
function namesIn(rule: unknown, id: string): MatchLogic[] {
  const parts: unknown = typeof rule === 'object' && rule !== null && 'or' in rule ? rule.or : [rule]
  if (!Array.isArray(parts)) return []
  return parts.slice(0, 50).flatMap((part: unknown): MatchLogic[] => {
    if (typeof part !== 'object' || part === null) return []
    if ('equals' in part && typeof part.equals === 'string') return [{ equals: part.equals }]
    const start = 'starts_with' in part && typeof part.starts_with === 'string' ? part.starts_with : ''
    return start.length >= id.length ? [{ starts_with: start }] : []
  })
}

function idOf(entry: unknown): string {
  const id = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined
  return typeof id === 'string' ? id.slice(0, 200) : '?'
}
