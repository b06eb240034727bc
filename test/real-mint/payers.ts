import OpenAI from 'openai'

/** What a caller saw of one call. */
interface Answer {
  readonly text: string
  readonly costMsats: bigint
  /** The change in the reply's head. */
  readonly change: string | undefined
}

interface Call {
  readonly baseUrl: string
  /** An `sk-` key or ecash in its place. */
  readonly key?: string
  /** Ecash for this call alone, by `X-Cashu`. */
  readonly xCashu?: string
  readonly stream: boolean
  readonly prompt: string
}

/** One call by the official SDK with its default settings. */
export async function callOpenAi(call: Call): Promise<Answer> {
  const { baseUrl, key = 'unused', xCashu, stream, prompt } = call
  const client = new OpenAI({
    apiKey: key,
    baseURL: `${baseUrl}/v1`,
    defaultHeaders: xCashu === undefined ? {} : { 'X-Cashu': xCashu },
  })
  const order = {
    model: 'gpt-4o-mini',
    messages: [{ role: 'user' as const, content: prompt }],
    max_tokens: 60,
  }
  if (!stream) {
    const { data, response } = await client.chat.completions.create(order).withResponse()
    const change = response.headers.get('x-cashu') ?? undefined
    return { text: data.choices[0]?.message.content ?? '', costMsats: costIn(data.usage), change }
  }
  const { data, response } = await client.chat.completions
    .create({ ...order, stream: true, stream_options: { include_usage: true } })
    .withResponse()
  let text = ''
  let usage: unknown
  for await (const chunk of data) {
    text += chunk.choices[0]?.delta.content ?? ''
    usage = chunk.usage ?? usage
  }
  return { text, costMsats: costIn(usage), change: response.headers.get('x-cashu') ?? undefined }
}

/** `usage.cost.total_msats`; the SDK hands on members that it does not know. */
function costIn(usage: unknown): bigint {
  const cost = memberOf(memberOf(usage, 'cost'), 'total_msats')
  if (typeof cost !== 'number') throw new Error('the reply states no cost')
  return BigInt(cost)
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
