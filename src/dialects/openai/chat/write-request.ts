import type { AskedRequest, Rewrite } from '../../canonical/request.ts'
import { isObject, parseJson } from '../body.ts'
import { rewriteBody } from '../write.ts'
import { LIMIT_FIELDS } from './fields.ts'

const WITH_USAGE = '"stream_options":{"include_usage":true}'

/**
 * The bytes that go up: the upstream's name of the model, each output limit lowered, and in a stream the usage asked for.
 * A limit that real upstreams know is always among them, also when the caller used a name of another API. An upstream
 * that knows `max_tokens` only is sent that one alone, for others of its kind refuse or ignore the rest.
 */
export function writeChatRequest(body: Buffer, asked: AskedRequest, rewrite: Rewrite): Buffer {
  const { outputLimit: limit, limitField, takesStreamOptions = true } = rewrite
  const onlyMaxTokens = limit !== undefined && limitField === 'max_tokens'
  const asksUsage = asked.stream && takesStreamOptions
  let hasMaxTokens = false
  return rewriteBody(body, {
    dropped: droppedOf(asked, { onlyMaxTokens, takesStreamOptions }),
    rewrite: (key, old) => {
      if (key === 'model') return asked.model === rewrite.model ? undefined : JSON.stringify(rewrite.model)
      if (key === 'stream_options') return asksUsage ? withUsage(old()) : undefined
      if (limit === undefined || !isLimit(key)) return undefined
      const own = parseJson(old())
      if (typeof own !== 'number' && key !== (limitField ?? 'max_completion_tokens')) return undefined
      hasMaxTokens ||= key === 'max_tokens'
      return lowered(own, limit)
    },
    added: (isPresent) => {
      const added: string[] = []
      const isLimited = hasMaxTokens || (!onlyMaxTokens && isPresent('max_completion_tokens'))
      if (limit !== undefined && !isLimited) {
        added.push(`"${onlyMaxTokens ? 'max_tokens' : 'max_completion_tokens'}":${limit}`)
      }
      if (asksUsage && !isPresent('stream_options')) added.push(WITH_USAGE)
      return added
    },
  })
}

function droppedOf(
  asked: AskedRequest,
  quirks: { onlyMaxTokens: boolean; takesStreamOptions: boolean },
): readonly string[] {
  if (!quirks.onlyMaxTokens && quirks.takesStreamOptions) return asked.dropped
  return [
    ...asked.dropped,
    ...(quirks.onlyMaxTokens ? LIMIT_FIELDS.filter((field) => field !== 'max_tokens') : []),
    ...(quirks.takesStreamOptions ? [] : ['stream_options']),
  ]
}

/** The new text of a limit; undefined where it may stay. */
function lowered(own: unknown, limit: number): string | undefined {
  return typeof own === 'number' && own <= limit ? undefined : String(limit)
}

function isLimit(key: string): boolean {
  return LIMIT_FIELDS.some((field) => field === key)
}

function withUsage(old: string): string {
  const options = parseJson(old)
  return JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true })
}
