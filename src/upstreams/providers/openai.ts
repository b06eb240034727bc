import { bearer, type Provider } from './provider.ts'
import { readList } from './read-list.ts'

/** OpenAI itself. Its list (`GET /v1/models`) tells no sizes; those come from the price list. */
export const openai: Provider = {
  name: 'openai',
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) => readList(json, () => ({ contextLength: undefined, outputLimit: undefined })),
}
