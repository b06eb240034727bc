import { bearer, type Provider } from './provider.ts'
import { readList, tokens } from './read-list.ts'

/**
 * Mistral refuses every field that it does not know with 422, among them `max_completion_tokens` and `stream_options`;
 * its streams end with their usage unasked. Its list names the context `max_context_length`.
 */
export const mistral: Provider = {
  name: 'mistral',
  quirks: { limitField: 'max_tokens', takesStreamOptions: false },
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) =>
    readList(json, (entry) => ({
      contextLength: tokens(entry['max_context_length']),
      outputLimit: undefined,
    })),
}
