import { bearer, type Provider, USUAL_QUIRKS } from './provider.ts'
import { commonSizes, readList } from './read-list.ts'

/**
 * Any server that speaks OpenAI's API: vLLM, llama.cpp, LM Studio, Ollama, another gateway. Sizes stand under
 * whichever name its makers chose; the key may be missing.
 */
export const generic: Provider = {
  name: 'generic',
  quirks: USUAL_QUIRKS,
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) => readList(json, commonSizes),
}
