import type { Feature } from '../../canonical/request.ts'
import { duplicateKey, foldCase, isObject, type JsonObject, refuse } from '../body.ts'

/** What the messages of a chat hold besides text. */
export interface MessageFacts {
  readonly images: number
  /** Bytes of the images written out as base64 in the text. */
  readonly imageBytes: number
}

const MESSAGE_KEYS = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'audio',
  'images',
  'tool_calls',
  'tool_call_id',
  'function_call',
])
const PART_KEYS = new Set(['type', 'text', 'refusal', 'image_url', 'input_audio', 'file', 'cache_control'])
const KNOWN_TYPES = new Set<unknown>(['text', 'refusal', 'image_url', 'input_audio'])

/** @throws DomainError `invalid_request`, `duplicate_key` */
export function readMessages(value: unknown, found: Map<string, Feature>): MessageFacts {
  if (!Array.isArray(value) || value.length === 0) return refuse('messages', 'must be a non-empty array')
  let images = 0
  let imageBytes = 0
  for (let index = 0; index < value.length; index += 1) {
    const message: unknown = value[index]
    if (!isObject(message)) return refuse(`messages[${index}]`, 'must be an object')
    refuseCaseVariants(message, MESSAGE_KEYS)
    if (isObject(message['audio'])) found.set(`messages[${index}].audio`, 'input_audio')
    if (Array.isArray(message['images'])) images += message['images'].length
    const content: unknown = message['content'] ?? ''
    if (typeof content === 'string') continue
    const at = `messages[${index}].content`
    if (!Array.isArray(content)) return refuse(at, 'must be a string or an array of parts')
    for (const part of content) {
      const bytes = readPart(part, at, found)
      if (bytes === undefined) continue
      images += 1
      imageBytes += bytes
    }
  }
  return { images, imageBytes }
}

/** The bytes of base64 in an image part, 0 for an image by address, undefined for a part without an image. */
function readPart(part: unknown, at: string, found: Map<string, Feature>): number | undefined {
  if (typeof part === 'string') return undefined
  if (!isObject(part)) return refuse(at, 'must hold strings and objects')
  refuseCaseVariants(part, PART_KEYS)
  const type = part['type']
  if (type === 'input_audio' || isObject(part['input_audio'])) found.set(`${at}[].input_audio`, 'input_audio')
  else if (!KNOWN_TYPES.has(type) || isObject(part['file'])) {
    // A kind of part that is not known may be a video or a document: it is treated as a file, which needs a price.
    found.set(`${at}[].${String(type).slice(0, 40)}`, 'input_file')
  }
  return type === 'image_url' || isObject(part['image_url']) ? inlineBytes(part['image_url']) : undefined
}

function inlineBytes(image: unknown): number {
  const url = isObject(image) ? image['url'] : image
  return typeof url === 'string' && /^data:image\/[\w.+-]+;base64,[\w+/=-]*$/.test(url) ? url.length : 0
}

/** A server that ignores case would see other content than was counted here. */
function refuseCaseVariants(object: JsonObject, known: ReadonlySet<string>): void {
  for (const key of Object.keys(object)) {
    if (!known.has(key) && known.has(foldCase(key))) throw duplicateKey(key)
  }
}
