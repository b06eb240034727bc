import { readFreshLists, type FreshList } from './fresh-list.ts'
import { readOpenRouterPrices } from './openrouter.ts'

/** A place on the net that says prices. */
export interface PriceSource {
  /** Its key in the database; unique. */
  readonly name: string
  readonly url: string
  /** Undefined where it is no price list. Never throws. */
  read(json: unknown): FreshList[] | undefined
}

/** The data of genai-prices as its makers keep it up to date: a third party, who learns that a node is there. */
export const GENAI_PRICES: PriceSource = {
  name: 'genai-prices',
  url: 'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json',
  read: readFreshLists,
}

/** The kinds of upstream whose own list of models has prices. */
const OWN_LISTS: Readonly<Record<string, PriceSource['read']>> = { openrouter: readOpenRouterPrices }

/** The price list that an upstream itself has; undefined for a kind that has none. `url` is its base address. */
export function ownPriceSource({ type, url }: { type: string; url: string }): PriceSource | undefined {
  const read = Object.hasOwn(OWN_LISTS, type) ? OWN_LISTS[type] : undefined
  return read && { name: `${type} ${url}`, url: `${url}/models`, read }
}
