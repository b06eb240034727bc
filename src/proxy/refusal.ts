const MESSAGE_MAX = 2000
const RETRY_AFTER_DEFAULT_S = 5
const RETRY_AFTER_MAX_S = 3600

/** What an upstream said about a request it refused, as one bounded line; keys that it may quote are blanked. */
export function readRefusal(body: Buffer): string {
  const text = messageIn(body) ?? 'The model provider refused this request.'
  const line = text.replaceAll(/\s+/g, ' ').trim().slice(0, MESSAGE_MAX)
  const clean = line.replaceAll(/\b(sk|key|rk)-[\w-]{6,}[\w*.-]*/gi, '[key]')
  return /[.!?]$/.test(clean) ? clean : `${clean}.`
}

function messageIn(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    const error = memberOf(parsed, 'error')
    const message =
      memberOf(error, 'message') ?? error ?? memberOf(parsed, 'message') ?? memberOf(parsed, 'detail')
    return typeof message === 'string' && message !== '' ? message : undefined
  } catch {
    return undefined
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** Whole seconds of a `retry-after` header, bounded; dates and nonsense count as the default. */
export function retryAfterSeconds(header: string | string[] | undefined): number {
  const text = Array.isArray(header) ? header[0] : header
  const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : RETRY_AFTER_DEFAULT_S
  return Math.min(Math.max(seconds, 1), RETRY_AFTER_MAX_S)
}
