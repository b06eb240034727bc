import { bearer, type Provider } from './provider.ts'
import { readList, tokens } from './read-list.ts'

/**
 * Any server that speaks OpenAI's API: vLLM, llama.cpp, LM Studio, Ollama, another gateway. Sizes stand under
 * whichever name its makers chose; the key may be missing.
 */
export const generic: Provider = {
  name: 'generic',
  headers: bearer,
  modelsPath: '/models',
  readModels: (json) =>
    readList(json, (entry) => ({
      contextLength: tokens(entry['context_length'], entry['context_window'], entry['max_model_len']),
      outputLimit: tokens(entry['max_completion_tokens'], entry['max_output_tokens']),
    })),
}
