import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { findProvider } from '@pydantic/genai-prices'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openaiChat } from '../../src/dialects/index.ts'
import { systemClock } from '../../src/lib/index.ts'
import { type Preset, presets, providerNames, Upstreams } from '../../src/upstreams/index.ts'
import { type Listening, listening } from '../support/listening.ts'

const KEY = 'operator-key-7f3a'

/** How the real supplier behind a preset speaks, as its own documentation and its users' bug reports have it. */
interface Habits {
  /** The header that the key must stand in, and what stands before it there. */
  readonly key: readonly [header: string, before: string]
  /** The fields that its limit is read from, one of them at a time; any other is refused, or passes unread. */
  readonly limits: readonly string[]
  /** Refuses what it does not know, as `stream_options`. */
  readonly isStrict: boolean
  readonly list: unknown
  /** Ids in that list; undefined where the supplier has none, and what is known of it is sold. */
  readonly lists: readonly string[] | undefined
}

const openaiList = (...ids: string[]): unknown => ({ object: 'list', data: ids.map((id) => ({ id })) })
const usual: Habits = {
  key: ['authorization', 'Bearer '],
  limits: ['max_tokens'],
  isStrict: false,
  list: openaiList('m'),
  lists: ['m'],
}
const likeOpenAi: Habits = { ...usual, limits: ['max_completion_tokens', 'max_tokens'] }

/** Where no list can be asked for; at Azure the operator's rules name the deployments. */
const KNOWN_MODELS: Readonly<Record<string, readonly string[]>> = {
  perplexity: ['sonar', 'sonar-pro', 'sonar-reasoning-pro'],
  azure: [],
}

const HABITS: Readonly<Record<string, Habits>> = {
  openai: likeOpenAi,
  openrouter: usual,
  groq: {
    ...likeOpenAi,
    list: { data: [{ id: 'm', context_window: 131_072, max_completion_tokens: 32_768 }] },
  },
  xai: likeOpenAi,
  mistral: { ...usual, isStrict: true, list: { data: [{ id: 'm', max_context_length: 32_768 }] } },
  deepseek: usual,
  together: { ...usual, list: [{ id: 'm', context_length: 8192 }] },
  fireworks: {
    ...usual,
    list: openaiList('accounts/fireworks/models/m'),
    lists: ['accounts/fireworks/models/m'],
  },
  perplexity: { ...usual, isStrict: true, lists: undefined },
  azure: { ...likeOpenAi, key: ['api-key', ''], lists: undefined },
  ollama: usual,
  vllm: { ...usual, list: { data: [{ id: 'm', max_model_len: 4096 }] } },
  'llama.cpp': usual,
  'lm-studio': usual,
  generic: usual,
}

let habits: Habits
let path = ''
let refused: string[] = []
const server = createServer((req, res) => void answer(req, res))
let open: Listening
let origin = ''
beforeAll(async () => {
  open = await listening(server)
  origin = open.url
})
afterAll(() => open[Symbol.asyncDispose]())

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [header, before] = habits.key
  if (req.headers[header] !== before + KEY) return refuse(res, 401, 'no key')
  if (req.url === `${path}/models` && habits.lists) return void res.end(JSON.stringify(habits.list))
  if (req.url !== `${path}/chat/completions`) return refuse(res, 404, `no ${req.url}`)
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(Buffer.from(piece))
  const asked: unknown = JSON.parse(Buffer.concat(pieces).toString())
  complete(res, new Map<string, unknown>(Object.entries(Object(asked))))
}

function refuse(res: ServerResponse, status: number, message: string): void {
  refused.push(`${status} ${message}`)
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }))
}

function complete(res: ServerResponse, body: ReadonlyMap<string, unknown>): void {
  const given = habits.limits.filter((field) => body.has(field))
  if (given.length > 1) return refuse(res, 400, `only one of ${given.join(', ')}`)
  const unknown = [...body.keys()].filter((key) => !KNOWN.has(key) && !given.includes(key))
  const stranger = unknown.find((key) => habits.isStrict || key !== 'stream_options')
  if (stranger !== undefined) return refuse(res, 422, `extra_forbidden: ${stranger}`)
  const limit = Number(body.get(given[0] ?? '') ?? 1000)
  const usage = { prompt_tokens: 5, completion_tokens: limit, total_tokens: 5 + limit }
  if (body.get('stream') !== true) {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'length' }]
    return void res.end(JSON.stringify({ object: 'chat.completion', choices, usage }))
  }
  const tellsUsage =
    habits.isStrict || JSON.stringify(body.get('stream_options')) === '{"include_usage":true}'
  const choices = [{ index: 0, delta: { content: 'x' }, finish_reason: 'length' }]
  const chunk = { object: 'chat.completion.chunk', choices, ...(tellsUsage && { usage }) }
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
}

const KNOWN = new Set(['model', 'messages', 'stream', 'temperature'])

async function shop(preset: Preset): Promise<Upstreams> {
  const found = HABITS[preset.name]
  if (!found) throw new Error(`nobody has said how ${preset.name} speaks`)
  habits = found
  refused = []
  path = new URL(preset.url).pathname.replace(/\/$/, '')
  const config = {
    id: 'a',
    type: preset.type,
    url: origin + path,
    key: KEY,
    prices: preset.prices,
    marginBp: undefined,
  }
  return new Upstreams({ configs: [{ ...config, order: 0 }], clock: systemClock })
}

/** What callers write about a limit. Both names at once are refused by OpenAI's own kind, and that is their answer. */
function callsFor({ name }: Preset): [string, object][] {
  const calls: [string, object][] = [
    ['no limit', {}],
    ['max_tokens', { max_tokens: 50 }],
    ['max_completion_tokens', { max_completion_tokens: 50 }],
    ['a wish for usage', { max_tokens: 50, stream_options: { include_usage: true } }],
  ]
  if (HABITS[name]?.limits.length !== 1) return calls
  return [
    ...calls,
    ['both names', { max_tokens: 50, max_completion_tokens: 60 }],
    ['the name of another API', { max_output_tokens: 50, max_tokens: null }],
  ]
}

test('every preset is tried, and none twice', () => {
  expect(presets.map(({ name }) => name).toSorted()).toEqual(Object.keys(HABITS).toSorted())
})

test.each([
  ['https://api.openai.com/v1', 'max_completion_tokens'],
  ['https://api.groq.com/openai/v1', 'max_completion_tokens'],
  ['https://api.deepseek.com', 'max_tokens'],
  ['https://mine.openai.azure.com/openai/v1', 'max_completion_tokens'],
  ['https://openai.azure.com.example.org/v1', 'max_tokens'],
  ['http://127.0.0.1:11434/v1', 'max_tokens'],
  ['https://api.openai.com.example.org/v1', 'max_tokens'],
])('an upstream of the type auto at %s is limited by %s', async (url, limitField) => {
  const config = { id: 'a', type: 'auto', url, key: KEY, prices: 'none', marginBp: undefined, order: 0 }
  const upstreams = new Upstreams({ configs: [config], clock: systemClock })
  expect(upstreams.quirksOf('a').limitField).toBe(limitField)
  await upstreams.close()
})

describe.each(presets.map((preset) => [preset.name, preset] as const))('the preset %s', (_, preset) => {
  test('has a usable address and type, prices that exist, and a sentence', () => {
    expect(URL.parse(preset.url)?.protocol).toMatch(/^https?:$/)
    expect(providerNames).toContain(preset.type)
    expect(preset.describes).toMatch(/^\S.*\.$/)
    if (preset.prices === 'none') return
    expect(findProvider({ providerId: preset.prices })?.id).toBe(preset.prices)
    expect(findProvider({ providerId: preset.prices })?.models.length).toBeGreaterThan(5)
  })

  test('names the models that its supplier lists, or those that are known', async () => {
    const upstreams = await shop(preset)
    await upstreams.refreshModels()
    const [state] = upstreams.states()
    expect(state?.lastError).toBeUndefined()
    expect(state?.canList).toBe(habits.lists !== undefined)
    const ids = state?.models.map(({ id }) => id)
    expect(ids).toEqual(habits.lists ?? KNOWN_MODELS[preset.name])
    expect(refused).toEqual([])
    await upstreams.close()
  })

  test('is asked for one token in its own words, and tells what that was', async () => {
    const upstreams = await shop(preset)
    expect(await upstreams.test('a', 'm')).toMatchObject({
      model: 'm',
      status: 200,
      problem: undefined,
      usage: { inputTokens: 5, outputTokens: 1 },
    })
    expect(refused).toEqual([])
    await upstreams.close()
  })

  test.each(callsFor(preset))(
    'keeps a streamed call with %s within what was set aside for it',
    async (_name, given) => {
      const upstreams = await shop(preset)
      const body = Buffer.from(
        JSON.stringify({
          model: 'sold',
          messages: [{ role: 'user', content: 'Hi' }],
          stream: true,
          ...given,
        }),
      )
      const asked = openaiChat.readRequest(body)
      const sent = openaiChat.writeRequest(body, asked, {
        model: 'm',
        outputLimit: 40,
        ...upstreams.quirksOf('a'),
      })
      const meter = openaiChat.meter(asked, true)
      await upstreams.send(
        { upstreamId: 'a', path: openaiChat.upstreamPath, model: 'm', body: sent, stream: true },
        { head: ({ status }) => expect(status).toBe(200), piece: (piece) => void meter.push(piece) },
      )
      meter.end()
      expect(refused).toEqual([])
      expect(meter.usage()).toMatchObject({ outputTokens: 40 })
      await upstreams.close()
    },
  )
})
