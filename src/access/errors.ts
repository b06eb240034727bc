import { DomainError, type DomainErrorOptions } from '../lib/index.ts'

/** A failure after money was taken in; `refund` is all of it, as ecash, and is stored besides. */
export class RefundedError extends DomainError {
  readonly refund: string | undefined

  constructor(refund: string | undefined, parts: { code: string; message: string } & DomainErrorOptions) {
    super(parts.code, parts.message, parts)
    this.name = 'RefundedError'
    this.refund = refund
  }
}
