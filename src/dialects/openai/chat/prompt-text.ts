import type { AskedRequest } from '../../canonical/request.ts'
import { parseBody } from '../body.ts'
import { NOT_PROMPT } from './fields.ts'
import { overheadOf } from './read-request.ts'

/**
 * What the model gets to read of a request, as text: messages, tools and schemas as JSON, images left out; and the tokens
 * that a chat template puts around it.
 */
export function chatPromptText(bytes: Buffer, asked: AskedRequest): { text: string; overhead: number } {
  const { value } = parseBody(bytes)
  const parts = [JSON.stringify(value['messages'], withoutImages)]
  for (const [key, part] of Object.entries(value)) {
    const isText = typeof part === 'object' || typeof part === 'string'
    if (isText && !NOT_PROMPT.has(key) && !asked.dropped.includes(key)) parts.push(JSON.stringify(part))
  }
  return { text: parts.join('\n'), overhead: overheadOf(value) }
}

function withoutImages(key: string, value: unknown): unknown {
  const isImage =
    (key === 'url' || key === 'image_url') && typeof value === 'string' && value.startsWith('data:')
  return isImage ? '' : value
}
