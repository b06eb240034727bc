import type { AskedRequest, Feature } from '../../canonical/request.ts'
import { TextTally } from '../../canonical/text-tally.ts'
import { type Body, isObject, type JsonObject, parseBody, refuse, refuseAmbiguity } from '../body.ts'
import { commonFeatures, droppedFields, formulaOutputTokens, given } from '../fields.ts'
import { readCount, readFlag, readModel } from '../fields.ts'
import { rememberMembers } from '../write.ts'
import { type MessageFacts, readMessages } from './content.ts'
import {
  isKnownField,
  isSentField,
  LIMIT_FIELDS,
  MOST_CHOICES,
  MOST_OUTPUT_TOKENS,
  NOT_PROMPT,
} from './fields.ts'

/** Tokens that a chat template puts around a message, and around them all. */
const PER_MESSAGE = 8
const PRIMING = 3
/** What a provider may write before the tools or a reply schema on his own account. */
const TOOL_PREAMBLE = 1024

/**
 * Reads a chat completion request (OpenAI's `POST /v1/chat/completions`).
 * @throws DomainError `invalid_json`, `duplicate_key`, `invalid_request`
 */
export function readChatRequest(bytes: Buffer, allowed: readonly string[] = []): AskedRequest {
  const body = parseBody(bytes)
  const { value } = body
  const tally = new TextTally(body.pureAscii)
  const all = tallyBody(value, tally)
  refuseAmbiguity(bytes, body, { parsedCount: all.keys, isKnown: (key) => isKnownField(key, allowed) })
  const model = readModel(value)
  const found = new Map<string, Feature>()
  const messages = readMessages(value['messages'], found)
  readFeatures(value, found)
  const stream = readFlag(value, 'stream')
  const options = readStreamOptions(value)
  const dropped = droppedFields(value, (key) => isSentField(key, allowed))
  rememberMembers(bytes, body.members)
  return {
    kind: 'generate',
    model,
    stream,
    wantsUsage: stream && options['include_usage'] === true,
    choices: readCount(value, 'n', MOST_CHOICES) ?? 1,
    outputLimit: readLimit(value),
    ...inputCounts(body, { all, messages, dropped }),
    images: messages.images,
    features: found.size === 0 ? [] : [...new Set(found.values())],
    featureFields: [...found.keys()],
    dropped,
    promptCharacters: all.characters,
    formulaOutputTokens: formulaOutputTokens(value),
  }
}

interface BodyTally {
  readonly keys: number
  readonly characters: number
  readonly messageBound: number
  readonly messageEstimate: number
  /** What NFKC adds to the strings outside the messages, in bytes. */
  readonly restGrowth: number
}

/** The messages are summed up first, so that one pass serves both the bound of the prompt and the counts of the body. */
function tallyBody(value: JsonObject, tally: TextTally): BodyTally {
  tally.add(value['messages'])
  const { bound: messageBound, growth } = tally
  const messageEstimate = tally.estimate()
  for (const key of Object.keys(value)) {
    tally.addKey(key)
    if (key !== 'messages') tally.add(value[key])
  }
  const { keys, characters } = tally
  return { keys, characters, messageBound, messageEstimate, restGrowth: tally.growth - growth }
}

/** Everything beside the messages that a model may get to read counts with its raw bytes: schemas are printed as JSON. */
function inputCounts(
  { value, members }: Body,
  facts: { all: BodyTally; messages: MessageFacts; dropped: readonly string[] },
): Pick<AskedRequest, 'inputBound' | 'inputEstimate'> {
  const { all, messages, dropped } = facts
  let rest = 0
  for (const { key, valueStart, valueEnd } of members) {
    const isText = typeof value[key] === 'object' || typeof value[key] === 'string'
    if (isText && !NOT_PROMPT.has(key) && !dropped.includes(key)) rest += valueEnd - valueStart
  }
  return {
    inputBound: all.messageBound - messages.imageBytes + rest + all.restGrowth + overheadOf(value),
    inputEstimate: all.messageEstimate - Math.floor(messages.imageBytes / 4) + Math.ceil(rest / 4),
  }
}

/** Tokens that a provider puts around the prompt: per message, around them all, before tools. */
export function overheadOf(value: JsonObject): number {
  const count = Array.isArray(value['messages']) ? value['messages'].length : 0
  return PRIMING + PER_MESSAGE * count + (hasPreamble(value) ? TOOL_PREAMBLE : 0)
}

function hasPreamble(value: JsonObject): boolean {
  const format = value['response_format']
  if (isObject(format) && format['type'] !== 'text') return true
  return given(value, 'tools') !== undefined || given(value, 'functions') !== undefined
}

function readLimit(value: JsonObject): number | undefined {
  let largest: number | undefined
  for (const field of LIMIT_FIELDS) {
    const limit = readCount(value, field, MOST_OUTPUT_TOKENS)
    if (limit !== undefined) largest = Math.max(largest ?? 0, limit)
  }
  return largest
}

function readStreamOptions(value: JsonObject): JsonObject {
  const options = given(value, 'stream_options') ?? {}
  return isObject(options) ? options : refuse('stream_options', 'must be an object')
}

function readFeatures(value: JsonObject, found: Map<string, Feature>): void {
  commonFeatures(value, found)
  const modalities = given(value, 'modalities') ?? []
  if (!Array.isArray(modalities)) return refuse('modalities', 'must be an array')
  if (modalities.some((modality) => modality !== 'text')) found.set('modalities', 'output_audio')
  if (given(value, 'audio') !== undefined) found.set('audio', 'output_audio')
  if (given(value, 'web_search_options') !== undefined) found.set('web_search_options', 'web_search')
  const tools = given(value, 'tools') ?? []
  if (!Array.isArray(tools)) return refuse('tools', 'must be an array')
  if (!tools.every(runsAtCaller)) found.set('tools', 'server_tool')
}

/** Function and custom tools run at the caller's; any other kind runs, and costs, at the provider's. */
function runsAtCaller(tool: unknown): boolean {
  return isObject(tool) && (tool['type'] === 'function' || tool['type'] === 'custom')
}
