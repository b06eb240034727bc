import { bearer, type Provider } from './provider.ts'
import { noSizes, readList } from './read-list.ts'

/** Perplexity has no list of the models of its chat API. A stream tells its usage unasked, on every chunk. */
export const perplexity: Provider = {
  name: 'perplexity',
  quirks: { limitField: 'max_tokens', takesStreamOptions: false },
  headers: bearer,
  modelsPath: undefined,
  knownModels: ['sonar', 'sonar-pro', 'sonar-reasoning-pro'],
  readModels: (json) => readList(json, noSizes),
}
