import type { ListedModel } from '../types.ts'

/** How the requests of an upstream differ from OpenAI's own. */
export interface Quirks {
  /** The one field that it reads an output limit from. Most others refuse, or worse ignore, `max_completion_tokens`. */
  readonly limitField: 'max_completion_tokens' | 'max_tokens'
  /** Whether a stream may ask for its usage. Where not, the upstream tells it unasked. */
  readonly takesStreamOptions: boolean
}

/** What of a call chooses its path. */
interface PathOfCall {
  /** As the dialect has it: `/chat/completions`. */
  readonly path: string
  /** The upstream's own name of the model. */
  readonly model: string | undefined
  /** Of the operator's address, without a slash at its end. */
  readonly basePath: string
}

/** How one kind of upstream is spoken to. Adding one is a file here and a line in `index.ts`. */
export interface Provider {
  /** What an operator writes as the upstream's type. */
  readonly name: string
  readonly quirks: Quirks
  /** The headers that carry the operator's key, and nothing of a client's. */
  headers(key: string | undefined): Record<string, string>
  /** Where a call goes below the address, where that is not its dialect's path. */
  readonly callPath?: (call: PathOfCall) => string
  /** Below the base address: where the list of models is; undefined where there is none to be asked for. */
  readonly modelsPath: string | undefined
  /** What is sold there, where no list can be asked for. */
  readonly knownModels?: readonly string[]
  /** The models in the list's JSON; undefined where it is no such list. Never throws. */
  readModels(json: unknown): ListedModel[] | undefined
}

/** As OpenAI documents its API. */
export const OPENAI_QUIRKS: Quirks = { limitField: 'max_completion_tokens', takesStreamOptions: true }
/** As nearly everybody else who says to be compatible. */
export const USUAL_QUIRKS: Quirks = { limitField: 'max_tokens', takesStreamOptions: true }

export function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}
