import type { FailureReason } from './types.ts'

/**
 * Why an exchange broke, from undici's error. `sent`: a connection stood and the request was written to it; without
 * that the upstream cannot have done any work.
 */
export function reasonOf(error: unknown, sent: boolean): FailureReason {
  const code = codeOf(error)
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'aborted'
  if (!sent) return 'unreachable'
  const unreadable = error instanceof Error && error.name === 'HTTPParserError'
  return unreadable || GARBAGE.has(code) ? 'garbage' : 'reset'
}

const GARBAGE = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/** One line for the log. undici's messages name hosts and codes, never header values. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  return (code === '' || message.includes(code) ? message : `${code}: ${message}`).slice(0, 300)
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}
