import type { AskedRequest, Rewrite } from '../../canonical/request.ts'
import { isObject, parseJson } from '../body.ts'
import { rewriteBody } from '../write.ts'
import { LIMIT_FIELDS } from './fields.ts'

const WITH_USAGE = '"stream_options":{"include_usage":true}'

/**
 * The bytes that go up: the upstream's name of the model, each output limit lowered, and in a stream the usage asked for.
 * A limit that real upstreams know is always among them, also when the caller used a name of another API.
 */
export function writeChatRequest(body: Buffer, asked: AskedRequest, rewrite: Rewrite): Buffer {
  const limit = rewrite.outputLimit
  let hasMaxTokens = false
  return rewriteBody(body, {
    dropped: asked.dropped,
    rewrite: (key, old) => {
      if (key === 'model') return asked.model === rewrite.model ? undefined : JSON.stringify(rewrite.model)
      if (key === 'stream_options') return asked.stream ? withUsage(old()) : undefined
      if (limit === undefined || !isLimit(key)) return undefined
      const own = parseJson(old())
      if (typeof own === 'number') hasMaxTokens ||= key === 'max_tokens'
      else if (key !== 'max_completion_tokens') return undefined
      return typeof own === 'number' && own <= limit ? undefined : String(limit)
    },
    added: (isPresent) => {
      const added: string[] = []
      const isLimited = hasMaxTokens || isPresent('max_completion_tokens')
      if (limit !== undefined && !isLimited) added.push(`"max_completion_tokens":${limit}`)
      if (asked.stream && !isPresent('stream_options')) added.push(WITH_USAGE)
      return added
    },
  })
}

function isLimit(key: string): boolean {
  return LIMIT_FIELDS.some((field) => field === key)
}

function withUsage(old: string): string {
  const options = parseJson(old)
  return JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true })
}
