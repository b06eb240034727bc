/** A supplier that many operators buy from, so that they need not look its address up. */
export interface Preset {
  readonly name: string
  /** Its base address; with `NAME` or a local port where that differs for everybody. */
  readonly url: string
  /** Its provider (`providerNames`). */
  readonly type: string
  /** Its provider in the built-in price list; `none` where the operator has to write prices himself. */
  readonly prices: string
  /** One sentence: what it is and what it needs. */
  readonly describes: string
}

const LOCAL = 'Needs no key; prices are yours to write, in a price file or by model rules.'

export const presets: readonly Preset[] = [
  {
    name: 'openai',
    url: 'https://api.openai.com/v1',
    type: 'openai',
    prices: 'openai',
    describes: 'OpenAI. A key of a project, with leave to list models.',
  },
  {
    name: 'openrouter',
    url: 'https://openrouter.ai/api/v1',
    type: 'openrouter',
    prices: 'openrouter',
    describes: 'OpenRouter: hundreds of models of other makers through one account.',
  },
  {
    name: 'groq',
    url: 'https://api.groq.com/openai/v1',
    type: 'openai',
    prices: 'groq',
    describes: 'Groq: open models, fast.',
  },
  { name: 'xai', url: 'https://api.x.ai/v1', type: 'openai', prices: 'x-ai', describes: 'xAI: Grok.' },
  {
    name: 'mistral',
    url: 'https://api.mistral.ai/v1',
    type: 'mistral',
    prices: 'mistral',
    describes: 'Mistral. Refuses request fields that it does not know.',
  },
  {
    name: 'deepseek',
    url: 'https://api.deepseek.com/v1',
    type: 'generic',
    prices: 'deepseek',
    describes: 'DeepSeek. Its prices change with the hour.',
  },
  {
    name: 'together',
    url: 'https://api.together.xyz/v1',
    type: 'generic',
    prices: 'together',
    describes: 'Together: open models.',
  },
  {
    name: 'fireworks',
    url: 'https://api.fireworks.ai/inference/v1',
    type: 'generic',
    prices: 'fireworks',
    describes: 'Fireworks: open models, named accounts/fireworks/models/…; alias rules shorten them.',
  },
  {
    name: 'perplexity',
    url: 'https://api.perplexity.ai',
    type: 'perplexity',
    prices: 'perplexity',
    describes:
      'Perplexity: Sonar, which searches the web; has no list of models, so the known ones are sold.',
  },
  {
    name: 'azure',
    url: 'https://NAME.openai.azure.com/openai/v1',
    type: 'azure',
    prices: 'azure',
    describes: 'Azure OpenAI. Write your resource for NAME, and a model rule for each deployment.',
  },
  {
    name: 'ollama',
    url: 'http://127.0.0.1:11434/v1',
    type: 'generic',
    prices: 'none',
    describes: `Ollama on this machine. ${LOCAL}`,
  },
  {
    name: 'vllm',
    url: 'http://127.0.0.1:8000/v1',
    type: 'generic',
    prices: 'none',
    describes: `vLLM. ${LOCAL}`,
  },
  {
    name: 'llama.cpp',
    url: 'http://127.0.0.1:8080/v1',
    type: 'generic',
    prices: 'none',
    describes: `The server of llama.cpp. Its usual port is also Farebox's. ${LOCAL}`,
  },
  {
    name: 'lm-studio',
    url: 'http://127.0.0.1:1234/v1',
    type: 'generic',
    prices: 'none',
    describes: `LM Studio. ${LOCAL}`,
  },
  {
    name: 'generic',
    url: 'http://127.0.0.1:8000/v1',
    type: 'generic',
    prices: 'none',
    describes: `Any other server that speaks OpenAI's API. ${LOCAL}`,
  },
]

/** As the type of an upstream: whatever its address tells. */
export const AUTO = 'auto'

/** The provider that a host is known for; else `generic`, for what is wrong about a stranger is an ignored limit. */
export function typeFor({ hostname }: URL): string {
  if (hostname.endsWith('.openai.azure.com')) return 'azure'
  const known = presets.find(({ url }) => URL.parse(url)?.hostname === hostname)
  return known?.type ?? 'generic'
}
