import type { ListedModel } from '../types.ts'

const MAX_MODELS = 5_000
const MAX_ID_CHARS = 200
const MAX_TOKENS = 100_000_000

type Fields = Readonly<Record<string, unknown>>
type Sizes = Pick<ListedModel, 'contextLength' | 'outputLimit'>

/**
 * Reads OpenAI's `{"data": [{"id", "created", "owned_by"}]}`, or a bare array of such entries. Entries without a
 * usable id, and repetitions, are left out; a list in which nothing is usable is no list. `sizes` reads what differs
 * between providers.
 */
export function readList(json: unknown, sizes: (entry: Fields) => Sizes): ListedModel[] | undefined {
  const list: unknown = Array.isArray(json) ? json : fields(json)['data']
  if (!Array.isArray(list)) return undefined
  const models = new Map<string, ListedModel>()
  for (const entry of list.slice(0, MAX_MODELS)) {
    const model = readModel(fields(entry), sizes)
    if (model && !models.has(model.id)) models.set(model.id, model)
  }
  return models.size === 0 && list.length > 0 ? undefined : [...models.values()]
}

/** A list that we kept as JSON; empty where it cannot be read. */
export function readSavedModels(text: string): ListedModel[] {
  const saved: unknown = JSON.parse(text)
  const withOwner = Array.isArray(saved)
    ? saved.map((entry: unknown) => ({ ...fields(entry), owned_by: fields(entry)['ownedBy'] }))
    : []
  return readList(withOwner, savedSizes) ?? []
}

function savedSizes(entry: Fields): Sizes {
  return { contextLength: tokens(entry['contextLength']), outputLimit: tokens(entry['outputLimit']) }
}

/** Sizes under the names that most servers use. */
export function commonSizes(entry: Fields): Sizes {
  return {
    contextLength: tokens(entry['context_length'], entry['context_window'], entry['max_model_len']),
    outputLimit: tokens(entry['max_completion_tokens'], entry['max_output_tokens']),
  }
}

/** For lists that tell none. */
export function noSizes(): Sizes {
  return { contextLength: undefined, outputLimit: undefined }
}

function readModel(entry: Fields, sizes: (entry: Fields) => Sizes): ListedModel | undefined {
  const id = entry['id']
  if (typeof id !== 'string' || !isModelId(id)) return undefined
  const ownedBy = entry['owned_by']
  return {
    id,
    created: wholeNumber(entry['created'], Number.MAX_SAFE_INTEGER),
    ownedBy: typeof ownedBy === 'string' ? ownedBy.slice(0, MAX_ID_CHARS) : undefined,
    ...sizes(entry),
  }
}

/** Ids stand in JSON, headers and addresses: short, without blanks at the ends, without control characters. */
export function isModelId(id: string): boolean {
  return id.length > 0 && id.length <= MAX_ID_CHARS && id.trim() === id && !/\p{Cc}/u.test(id)
}

/** The first of some fields that is a positive count of tokens. */
export function tokens(...candidates: readonly unknown[]): number | undefined {
  for (const candidate of candidates) {
    const count = wholeNumber(candidate, MAX_TOKENS)
    if (count !== undefined && count > 0) return count
  }
  return undefined
}

function wholeNumber(value: unknown, max: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
    ? value
    : undefined
}

/** An object's fields; none where the value is no object. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
