import { DomainError } from '../../lib/index.ts'
import { type PriceList } from './listing.ts'
import { readPriceFile } from './price-file.ts'
import { openProviderList } from './provider-list.ts'
import { bundled, type ProviderSource } from './provider-source.ts'

/** Finds price lists by the name that an upstream's setting gives them. */
export interface PriceLists {
  /**
   * The list of a provider (`openai`), or else the price file at that path; `none` is an empty one. Opened once and kept.
   * @throws DomainError `price_list_unknown`, `price_file_invalid`; the message says what to write.
   */
  list(name: string): PriceList
  /** Another number whenever a price may have changed that does not depend on the time. */
  readonly revision: number
}

interface PriceListsOptions {
  /** Gives the text of a file, or throws; called once for each path. */
  readonly readFile: (path: string) => string
  /** Where providers' lists come from. Default: those of the package, for ever. */
  readonly providers?: ProviderSource
}

/** For an upstream whose models are priced by the operator's rules alone. */
const NO_PRICES: PriceList = { find: () => undefined, models: () => [] }

export function openPriceLists({ readFile, providers = bundled }: PriceListsOptions): PriceLists {
  const open = new Map<string, PriceList>()
  return {
    get revision() {
      return providers.revision
    },
    list(name) {
      const known = open.get(name)
      if (known !== undefined) return known
      if (name === 'none') return NO_PRICES
      const list = openProviderList(name, providers) ?? openFile(name)
      open.set(name, list)
      return list
    },
  }

  function openFile(path: string): PriceList {
    if (!/[/\\]|\.json$/.test(path)) throw unknownList(path)
    const file = readPriceFile(path, readText(path))
    if (file.extends === undefined) return file.open(undefined)
    const base = openProviderList(file.extends, providers)
    if (base === undefined) throw unknownList(file.extends)
    return file.open(base)
  }

  function readText(path: string): string {
    try {
      return readFile(path)
    } catch (cause) {
      throw new DomainError(
        'price_file_invalid',
        `The price file ${path} cannot be read. Write the path of a JSON file that is there and that the user Farebox runs as can read.`,
        {
          details: { path },
          cause,
        },
      )
    }
  }
}

function unknownList(name: string): DomainError {
  return new DomainError(
    'price_list_unknown',
    `There is no price list '${name}'. Write a provider, as openai, anthropic, google, openrouter, groq or mistral, the path of a price file ending in .json, or none.`,
    { details: { name } },
  )
}
