import { generic } from './generic.ts'
import { openai } from './openai.ts'
import { openrouter } from './openrouter.ts'
import type { Provider } from './provider.ts'

export type { Provider } from './provider.ts'

/** Every kind of upstream that Farebox can buy from. */
export const providers: readonly Provider[] = [generic, openai, openrouter]
