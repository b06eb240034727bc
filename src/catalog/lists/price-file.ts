import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DomainError, repeatedKey } from '../../lib/index.ts'
import { scaleDecimal } from '../../money/index.ts'
import { type Price, type Prices } from '../prices.ts'
import { type Unit, wrongAmount } from './amounts.ts'
import { type Listing, type PriceList } from './listing.ts'

const WRITE_DECIMAL = 'is not a decimal number; write it as "2.50"'

/** A price as text, exactly as it stands in the file. */
function usdFor(unit: Unit): z.ZodType<string> {
  return z.union([z.number(), z.string()], WRITE_DECIMAL).transform((value, context) => {
    const isDecimal = typeof value === 'number' || /^-?\d{1,15}(\.\d{1,30})?$/.test(value)
    const wrong = isDecimal ? wrongAmount(Number(value), unit) : WRITE_DECIMAL
    if (wrong === undefined) return String(value)
    context.addIssue({ code: 'custom', message: wrong })
    return z.NEVER
  })
}

const tokens = z.int().positive()
const tokenPrice = usdFor('tokens').optional()
const cachedPrice = usdFor('cached tokens').optional()
const eventPrice = usdFor('event').optional()
const perMillion = {
  input: tokenPrice,
  output: tokenPrice,
  cacheRead: cachedPrice,
  cacheWrite: cachedPrice,
  inputAudio: tokenPrice,
  outputAudio: tokenPrice,
  cacheReadAudio: cachedPrice,
  reasoning: tokenPrice,
}
const modelShape = z.strictObject({
  ...perMillion,
  request: eventPrice,
  webSearch: eventPrice,
  tiers: z.array(z.strictObject({ above: tokens, ...perMillion })).optional(),
  name: z.string().min(1).optional(),
  context: tokens.optional(),
  outputLimit: tokens.optional(),
  imageCeiling: z.int().nonnegative().optional(),
  margin: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,2})?%$/, 'write a percentage, as "10%"')
    .optional(),
  inputModalities: z.array(z.string().min(1)).min(1).optional(),
  outputModalities: z.array(z.string().min(1)).min(1).optional(),
})
const fileShape = z.strictObject({
  extends: z.string().min(1).optional(),
  models: z.record(z.string().min(1), modelShape),
})
type FileModel = z.infer<typeof modelShape>
type TokenComponent = keyof typeof perMillion

/** What a price file holds, read and checked. */
interface PriceFile {
  /** The provider's list that the file corrects. */
  readonly extends: string | undefined
  open(base: PriceList | undefined): PriceList
}

/**
 * Reads an operator's price file (its shape is in the room's README).
 * @throws DomainError `price_file_invalid`, with a sentence that says where and what to write.
 */
export function readPriceFile(path: string, text: string): PriceFile {
  const json = parseJson(path, text)
  const repeated = repeatedKey(Buffer.from(text))
  if (repeated !== undefined) throw invalid(path, `"${repeated}" stands twice in it; keep one of the two`)
  const parsed = fileShape.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`)
  }
  const own = new Map<string, Listing>()
  const corrections = new Map<string, FileModel>()
  for (const [id, model] of Object.entries(parsed.data.models)) {
    const prices = readPrices(model)
    if (prices === undefined && parsed.data.extends === undefined) {
      throw invalid(path, `models.${id}: has no "input" price; write USD for a million tokens, as "0.15"`)
    }
    if (prices === undefined) corrections.set(id, model)
    else own.set(id, { ...factsOf(model), prices, priceVersion: versionOf(id, model), validUntil: Infinity })
  }
  return {
    extends: parsed.data.extends,
    open: (base) => ({
      models: () => [...own.keys()],
      find(id, now) {
        const mine = own.get(id)
        if (mine !== undefined) return mine
        const below = base?.find(id, now)
        const model = corrections.get(id)
        return below === undefined || model === undefined ? below : { ...below, ...given(factsOf(model)) }
      },
    }),
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(path, `it is not JSON (${cause instanceof Error ? cause.message : 'unreadable'})`)
  }
}

function invalid(path: string, reason: string): DomainError {
  return new DomainError('price_file_invalid', `The price file ${path} cannot be used: ${reason}.`, {
    details: { path },
  })
}

type Facts = Omit<Listing, 'prices' | 'priceVersion' | 'validUntil'>

function factsOf(model: FileModel): Facts {
  return {
    name: model.name,
    contextLength: model.context,
    outputLimit: model.outputLimit,
    imageCeiling: model.imageCeiling,
    marginBp: model.margin === undefined ? undefined : Number(scaleDecimal(model.margin.slice(0, -1), 2)),
    inputModalities: model.inputModalities,
    outputModalities: model.outputModalities,
  }
}

/** Only the facts that the file states. */
function given(facts: Facts): Partial<Facts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

function versionOf(id: string, model: FileModel): string {
  return `file/${id}#${createHash('sha256').update(JSON.stringify(model)).digest('hex').slice(0, 12)}`
}

/** USD for a million tokens is a millionth of that in micro-USD for one, so six places make pico-USD; a request has twelve. */
function readPrices(model: FileModel): Prices | undefined {
  const input = priceOf(model, 'input')
  if (input === undefined) return undefined
  const rest: Partial<Record<string, Price>> = {}
  for (const component of Object.keys(perMillion).filter(isTokenComponent)) {
    const price = priceOf(model, component)
    if (price !== undefined) rest[component] = price
  }
  for (const component of ['request', 'webSearch'] as const) {
    const usd = model[component]
    if (usd !== undefined) rest[component] = { base: scaleDecimal(usd, 12), tiers: [] }
  }
  return { ...rest, input }
}

function priceOf(model: FileModel, component: TokenComponent): Price | undefined {
  const base = model[component]
  if (base === undefined) return undefined
  const tiers = (model.tiers ?? [])
    .flatMap(({ above, [component]: usd }) =>
      usd === undefined ? [] : [{ above, price: scaleDecimal(usd, 6) }],
    )
    .toSorted((a, b) => a.above - b.above)
  return { base: scaleDecimal(base, 6), tiers }
}

function isTokenComponent(name: string): name is TokenComponent {
  return name in perMillion
}
