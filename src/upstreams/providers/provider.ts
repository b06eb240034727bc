import type { ListedModel } from '../types.ts'

/** How one kind of upstream is spoken to. Adding one is a file here and a line in `index.ts`. */
export interface Provider {
  /** What an operator writes as the upstream's type. */
  readonly name: string
  /** The headers that carry the operator's key, and nothing of a client's. */
  headers(key: string | undefined): Record<string, string>
  /** Below the base address: where the list of models is. */
  readonly modelsPath: string
  /** The models in the list's JSON; undefined where it is no such list. Never throws. */
  readModels(json: unknown): ListedModel[] | undefined
}

export function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}
