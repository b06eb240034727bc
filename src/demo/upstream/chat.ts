import { randomUUID } from 'node:crypto'
import { type Misbehaviour } from './misbehaviours.ts'
import { event, type Piece, type Reply, wholeReply } from './pieces.ts'
import { type ChatBody } from './shapes.ts'
import { endlessTokens, tokensOf } from './tokens.ts'

const TOKENS_PER_IMAGE = 85

interface ChatUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly audio_tokens: number }
  readonly completion_tokens_details: { readonly reasoning_tokens: number; readonly audio_tokens: number }
}

interface ChatOrder {
  readonly body: ChatBody
  readonly model: string
  readonly how: Misbehaviour
  readonly answer: (prompt: string) => string
}

interface Answered {
  /** Text or arguments of the answer, in tokens. */
  readonly tokens: readonly string[]
  readonly tool: string | undefined
  readonly finish: 'stop' | 'length' | 'tool_calls'
}

/** The reply to `POST /v1/chat/completions`, whole or as server-sent events. */
export function chatReply(order: ChatOrder): Reply {
  const { body, model, how } = order
  const answered = answerOf(order)
  const choices = body.n ?? 1
  const honest = usageOf(body, answered, choices)
  const usage = how.usage ? how.usage(honest) : honest
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model }
  const indexes = Array.from({ length: choices }, (_, index) => index)
  if (body.stream !== true) {
    const whole = {
      ...head,
      object: 'chat.completion',
      choices: indexes.map((index) => choice(index, answered)),
    }
    return wholeReply(whole, usage)
  }
  const chunk = (rest: object): object => ({ ...head, object: 'chat.completion.chunk', ...rest })
  const wantsUsage = body.stream_options?.include_usage === true
  const early = how.usageOnLastContent === true
  const pieces = indexes
    .flatMap((index) => contentOf(index, answered))
    .map((delta, i, all) =>
      event(
        'content',
        chunk(withUsage(delta, { wantsUsage, usage: early && i === all.length - 1 ? usage : null })),
      ),
    )
  if (wantsUsage && !early && usage !== undefined) pieces.push(event('usage', chunk({ choices: [], usage })))
  pieces.push(event('done', '[DONE]'))
  return { stream: true, pieces }
}

function withUsage(delta: object, { wantsUsage, usage }: { wantsUsage: boolean; usage: unknown }): object {
  return { choices: [delta], ...(wantsUsage && { usage }) }
}

/** The deltas of one choice: its role, each token, its end. */
function contentOf(index: number, { tokens, tool, finish }: Answered): object[] {
  const delta = (content: object, reason: string | null = null): object => ({
    index,
    delta: content,
    logprobs: null,
    finish_reason: reason,
  })
  const begin = tool === undefined ? { content: '' } : callDelta(toolCall(tool, ''))
  const middle = tokens.map((text) =>
    delta(tool === undefined ? { content: text } : callDelta({ function: { arguments: text } })),
  )
  return [delta({ role: 'assistant', ...begin }), ...middle, delta({}, finish)]
}

function callDelta(rest: object): object {
  return { tool_calls: [{ index: 0, ...rest }] }
}

function choice(index: number, { tokens, tool, finish }: Answered): object {
  const text = tokens.join('')
  const said = tool === undefined ? { content: text } : { content: null, tool_calls: [toolCall(tool, text)] }
  return {
    index,
    message: { role: 'assistant', refusal: null, ...said },
    logprobs: null,
    finish_reason: finish,
  }
}

function toolCall(name: string, text: string): object {
  return { id: `call_${randomUUID()}`, type: 'function', function: { name, arguments: text } }
}

function answerOf({ body, how, answer }: ChatOrder): Answered {
  const limits = [body.max_tokens, body.max_completion_tokens].filter((limit) => typeof limit === 'number')
  const limit = Math.min(...limits)
  if (how.ignoreLimit === true) {
    const tokens = endlessTokens(Number.isFinite(limit) ? limit * 3 + 50 : 1000)
    return { tokens, tool: undefined, finish: 'stop' }
  }
  const tool = wantedTool(body, how)
  const all = tokensOf(tool === undefined ? answer(lastQuestion(body)) : '{"place":"Lagos"}')
  const tokens = all.slice(0, limit)
  if (tokens.length < all.length) return { tokens, tool, finish: 'length' }
  return { tokens, tool, finish: tool === undefined ? 'stop' : 'tool_calls' }
}

/** A tool is called where the request forces one, or where the behaviour says so. */
function wantedTool(
  { tools, tool_choice: wanted }: ChatBody,
  { callTool }: Misbehaviour,
): string | undefined {
  const forced = wanted === 'required' || (typeof wanted === 'object' && wanted !== null)
  return forced || callTool === true ? tools?.[0]?.function?.name : undefined
}

type Message = ChatBody['messages'][number]

function textOf({ content }: Message): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((part) => part.text ?? '').join(' ')
}

function lastQuestion({ messages }: ChatBody): string {
  const last = messages.findLast((message) => message.role === 'user')
  return last === undefined ? '' : textOf(last)
}

function imagesOf({ content }: Message): number {
  return Array.isArray(content) ? content.filter((part) => part.type === 'image_url').length : 0
}

/** Three tokens a message and three for the answer's beginning, as OpenAI counts; tools by their JSON. */
function usageOf(body: ChatBody, { tokens }: Answered, choices: number): ChatUsage {
  const messages = body.messages.map(
    (message) => 3 + tokensOf(textOf(message)).length + TOKENS_PER_IMAGE * imagesOf(message),
  )
  const tools = body.tools === undefined ? 0 : tokensOf(JSON.stringify(body.tools)).length
  const input = messages.reduce((sum, count) => sum + count, 3 + tools)
  const output = tokens.length * choices
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }
}

/** What the double says when it is told nothing else. */
export function plainAnswer(prompt: string): string {
  return `You said: ${prompt.slice(0, 400)}\nThat is a good question, and here is a plain answer to it: forty-two.`
}

/** An error as a reply or as an event in one. */
export function errorIn(stream: boolean): Piece[] {
  const error = {
    error: { message: 'The model is overloaded', type: 'server_error', param: null, code: 'overloaded' },
  }
  return stream ? [event('content', error)] : [{ kind: 'content', text: JSON.stringify(error) }]
}
