import { azure } from './azure.ts'
import { generic } from './generic.ts'
import { mistral } from './mistral.ts'
import { openai } from './openai.ts'
import { openrouter } from './openrouter.ts'
import { perplexity } from './perplexity.ts'
import type { Provider } from './provider.ts'

export { OPENAI_QUIRKS, type Provider, type Quirks } from './provider.ts'

/** Every kind of upstream that Farebox can buy from. */
export const providers: readonly Provider[] = [generic, openai, openrouter, azure, mistral, perplexity]
