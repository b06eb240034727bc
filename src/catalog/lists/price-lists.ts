import { DomainError } from '../../lib/index.ts'
import { type PriceList } from './listing.ts'
import { readPriceFile } from './price-file.ts'
import { openProviderList } from './provider-list.ts'

/** Finds price lists by the name that an upstream's setting gives them. */
export interface PriceLists {
  /**
   * The list of a provider (`openai`), or else the price file at that path. Opened once and kept.
   * @throws DomainError `price_list_unknown`, `price_file_invalid`; the message says what to write.
   */
  list(name: string): PriceList
}

/** `readFile` gives the text of a file, or throws; it is called once for each path. */
export function openPriceLists(options: { readFile: (path: string) => string }): PriceLists {
  const open = new Map<string, PriceList>()
  return {
    list(name) {
      const known = open.get(name)
      if (known !== undefined) return known
      const list = openProviderList(name) ?? openFile(name)
      open.set(name, list)
      return list
    },
  }

  function openFile(path: string): PriceList {
    if (!/[/\\]|\.json$/.test(path)) throw unknownList(path)
    const file = readPriceFile(path, readText(path))
    return file.open(file.extends === undefined ? undefined : providerList(file.extends))
  }

  function readText(path: string): string {
    try {
      return options.readFile(path)
    } catch (cause) {
      throw new DomainError('price_file_invalid', `The price file ${path} cannot be read.`, {
        details: { path },
        cause,
      })
    }
  }
}

function providerList(name: string): PriceList {
  const list = openProviderList(name)
  if (list === undefined) throw unknownList(name)
  return list
}

function unknownList(name: string): DomainError {
  return new DomainError(
    'price_list_unknown',
    `There is no price list '${name}'. Write a provider, as openai, anthropic, google, openrouter, groq or mistral, or the path of a price file ending in .json.`,
    { details: { name } },
  )
}
