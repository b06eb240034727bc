import type { AskedRequest, Feature } from '../../canonical/request.ts'
import { TextTally } from '../../canonical/text-tally.ts'
import { foldCase, type JsonObject, parseBody, refuse, refuseAmbiguity } from '../body.ts'
import { commonFeatures, droppedFields, formulaOutputTokens, readCount, readModel } from '../fields.ts'
import { rememberMembers } from '../write.ts'

const SENT = new Set(['model', 'input', 'encoding_format', 'dimensions'])
/** Tokens that some models put around each input. */
export const PER_INPUT = 4
const MOST_DIMENSIONS = 1_000_000

/**
 * Reads an embedding request (OpenAI's `POST /v1/embeddings`): texts, or texts that are tokenised already.
 * @throws DomainError `invalid_json`, `duplicate_key`, `invalid_request`
 */
export function readEmbeddingRequest(bytes: Buffer, allowed: readonly string[] = []): AskedRequest {
  const body = parseBody(bytes)
  const { value } = body
  const all = new TextTally(body.pureAscii)
  all.add(value)
  const folded = new Set([...SENT, ...allowed.map(foldCase)])
  const isKnown = (key: string): boolean => folded.has(key) || allowed.includes(key)
  refuseAmbiguity(bytes, body, { parsedCount: all.keys, isKnown })
  const model = readModel(value)
  const input = readInput(value, body.pureAscii)
  readCount(value, 'dimensions', MOST_DIMENSIONS)
  const found = new Map<string, Feature>()
  commonFeatures(value, found)
  rememberMembers(bytes, body.members)
  return {
    kind: 'embed',
    model,
    stream: false,
    wantsUsage: false,
    choices: 1,
    outputLimit: undefined,
    ...input,
    images: 0,
    features: [...new Set(found.values())],
    featureFields: [...found.keys()],
    dropped: droppedFields(value, (key) => SENT.has(key) || allowed.includes(key)),
    promptCharacters: all.characters,
    formulaOutputTokens: formulaOutputTokens(value),
  }
}

function readInput(
  value: JsonObject,
  pureAscii: boolean,
): Pick<AskedRequest, 'inputBound' | 'inputEstimate'> {
  const input = value['input']
  if (typeof input === 'string' && input !== '') return countTexts([input], pureAscii)
  if (!Array.isArray(input) || input.length === 0) {
    return refuse('input', 'must be a non-empty string or a non-empty array')
  }
  if (input.every(isText)) return countTexts(input, pureAscii)
  if (input.every(isTokenNumber)) return countInts([input])
  if (input.every(isTokenNumbers)) return countInts(input)
  return refuse('input', 'must hold only non-empty strings, only integers, or only arrays of integers')
}

function countTexts(
  texts: readonly string[],
  pureAscii: boolean,
): Pick<AskedRequest, 'inputBound' | 'inputEstimate'> {
  const tally = new TextTally(pureAscii)
  for (const text of texts) tally.add(text)
  return { inputBound: tally.bound + PER_INPUT * texts.length, inputEstimate: tally.estimate() }
}

function countInts(
  lists: readonly (readonly number[])[],
): Pick<AskedRequest, 'inputBound' | 'inputEstimate'> {
  const count = lists.reduce((sum, list) => sum + list.length, 0)
  return { inputBound: count + PER_INPUT * lists.length, inputEstimate: count }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTokenNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isTokenNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTokenNumber)
}
