import type { Problem } from '../dialects/index.ts'
import type { DomainError } from '../lib/index.ts'

/** A failure in the words of a stream that has begun; its status has left long ago. */
export function problemOf(error: DomainError, requestId: string): Problem {
  return {
    status: 200,
    type: 'upstream_error',
    code: error.code,
    message: error.message,
    requestId,
    ...(error.details && { details: error.details }),
  }
}
