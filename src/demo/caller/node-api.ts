import { sseData } from '../../lib/index.ts'

export interface Answered {
  readonly callId: string
  readonly text: string
  readonly costMsat: bigint
  readonly inputTokens: number
  readonly outputTokens: number
  /** Events that brought text; 1 for a whole reply. */
  readonly pieces: number
  /** The change of a one-shot payer, as ecash. */
  readonly change: string | undefined
}

type Json = Readonly<Record<string, unknown>>

/** A caller's side of a node's HTTP, written as any script would. Every method throws an Error that quotes a refusal. */
export class NodeApi {
  readonly #baseUrl: string
  readonly #model: string

  constructor({ baseUrl, model }: { baseUrl: string; model: string }) {
    this.#baseUrl = baseUrl
    this.#model = model
  }

  /** One chat completion, paid for by the headers. Costs are read where an SDK finds them: in `usage`, and in the header. */
  async chat(
    question: string,
    { paidBy, stream = false }: { paidBy: Headers; stream?: boolean },
  ): Promise<Answered> {
    const response = await this.#send('/v1/chat/completions', {
      headers: paidBy,
      body: {
        model: this.#model,
        messages: [{ role: 'user', content: question }],
        max_tokens: 200,
        ...(stream && { stream, stream_options: { include_usage: true } }),
      },
    })
    const callId = response.headers.get('x-request-id') ?? ''
    const body = await response.text()
    const chunks = stream ? eventsOf(body) : [asObject(JSON.parse(body))]
    const texts = chunks.map(textOf).filter((text) => text !== '')
    const usage = asObject(chunks.findLast((chunk) => chunk['usage'])?.['usage'])
    return {
      callId,
      text: texts.join(''),
      costMsat: BigInt(numberIn(asObject(usage['cost']), 'total_msats')),
      inputTokens: numberIn(usage, 'prompt_tokens'),
      outputTokens: numberIn(usage, 'completion_tokens'),
      pieces: texts.length,
      change: response.headers.get('x-cashu') ?? undefined,
    }
  }

  async get(path: string, paidBy: Headers): Promise<Json> {
    return asObject(await (await this.#send(path, { headers: paidBy })).json())
  }

  async post(path: string, body: Json, paidBy = new Headers()): Promise<Json> {
    return asObject(await (await this.#send(path, { headers: paidBy, body })).json())
  }

  /** What a wallet has free, in msat. */
  async balance(paidBy: Headers): Promise<bigint> {
    return BigInt(numberIn(await this.get('/v1/wallet/info', paidBy), 'balance_msat'))
  }

  async #send(path: string, { headers, body }: { headers: Headers; body?: Json }): Promise<Response> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: [...headers, ['content-type', 'application/json']],
      ...(body && { body: JSON.stringify(body) }),
    })
    if (response.ok) return response
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  }
}

export function byKey(key: string): Headers {
  return new Headers({ authorization: `Bearer ${key}` })
}

export function byOneShot(ecash: string): Headers {
  return new Headers({ 'x-cashu': ecash })
}

/** A value that a node's answer must have. */
export function stringIn(answer: Json, name: string): string {
  const value = answer[name]
  if (typeof value === 'string') return value
  throw new Error(`The node's answer has no ${name}: ${JSON.stringify(answer)}`)
}

export function numberIn(answer: Json, name: string): number {
  const value = answer[name]
  if (typeof value === 'number') return value
  throw new Error(`The node's answer has no ${name}: ${JSON.stringify(answer)}`)
}

function eventsOf(stream: string): Json[] {
  const events = stream.split('\n\n').flatMap((event) => sseData(`${event}\n\n`) ?? [])
  if (events.at(-1) !== '[DONE]') throw new Error('The stream ended without [DONE]')
  return events.slice(0, -1).map((event) => asObject(JSON.parse(event)))
}

function textOf(answer: Json): string {
  const choices: unknown = answer['choices']
  const choice = asObject(Array.isArray(choices) ? choices[0] : undefined)
  const { content } = asObject(choice['message'] ?? choice['delta'])
  return typeof content === 'string' ? content : ''
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
