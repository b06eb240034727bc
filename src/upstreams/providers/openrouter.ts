import { bearer, type Provider, USUAL_QUIRKS } from './provider.ts'
import { fields, readList, tokens } from './read-list.ts'

/**
 * OpenRouter (`GET /api/v1/models`). `context_length` is the model's best; the provider that serves first may allow
 * less, which stands under `top_provider`.
 */
export const openrouter: Provider = {
  name: 'openrouter',
  quirks: USUAL_QUIRKS,
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) =>
    readList(json, (entry) => {
      const top = fields(entry['top_provider'])
      return {
        contextLength: tokens(top['context_length'], entry['context_length']),
        outputLimit: tokens(top['max_completion_tokens']),
      }
    }),
}
