import { bearer, OPENAI_QUIRKS, type Provider } from './provider.ts'
import { commonSizes, readList } from './read-list.ts'

/**
 * OpenAI itself, and who speaks exactly as it does (Groq, xAI). OpenAI's list (`GET /v1/models`) tells no sizes; those
 * come from the price list.
 */
export const openai: Provider = {
  name: 'openai',
  quirks: OPENAI_QUIRKS,
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) => readList(json, commonSizes),
}
