import { isObject } from './body.ts'

const LONGEST = 500

/** An upstream's error as one line for the log. */
export function errorText(error: unknown): string {
  const inner = isObject(error) && isObject(error['error']) ? error['error'] : error
  const message = isObject(inner) ? inner['message'] : inner
  const text = typeof message === 'string' ? message : (JSON.stringify(inner) ?? 'error')
  return text.slice(0, LONGEST)
}
