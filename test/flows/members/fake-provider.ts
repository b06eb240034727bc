import type { Provider } from '../../../src/upstreams/providers/provider.ts'
import { readList } from '../../../src/upstreams/providers/read-list.ts'

/** An upstream with a key header of its own. */
export const brass: Provider = {
  name: 'brass',
  quirks: { limitField: 'max_tokens', takesStreamOptions: true },
  headers: (key) => (key === undefined ? {} : { 'x-brass-key': key }),
  modelsPath: '/models',
  readModels: (json) => readList(json, () => ({ contextLength: 8000, outputLimit: 500 })),
}
