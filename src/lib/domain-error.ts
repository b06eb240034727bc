/** Extra facts of a failure; they reach the caller as `error.details`, so no secret may stand in them. */
type ErrorDetails = Readonly<Record<string, unknown>>

export interface DomainErrorOptions {
  details?: ErrorDetails
  cause?: unknown
  /** Seconds after which the same request may be tried again. */
  retryAfterS?: number
}

/**
 * A failure that has a name. `code` is stable and documented; `http/problems.ts` maps it to a status.
 * The message is a sentence for the caller: what happened, what became of the money, what to do.
 */
export class DomainError extends Error {
  readonly code: string
  readonly details: ErrorDetails | undefined
  readonly retryAfterS: number | undefined

  constructor(code: string, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DomainError'
    this.code = code
    this.details = options.details
    this.retryAfterS = options.retryAfterS
  }
}
