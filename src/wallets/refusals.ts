import type { ReceiveOutcome } from '../cashu/index.ts'
import { DomainError } from '../lib/index.ts'

/** The error for a receive that did not credit anything. */
export function refusedReceive(outcome: ReceiveOutcome): DomainError {
  if (outcome.kind === 'refused') return new DomainError(outcome.code, outcome.message)
  if (outcome.kind === 'pending') return outcome.error
  if (outcome.kind === 'overlaps') {
    return new DomainError(
      'payment_overlaps',
      'Some of these proofs are in another payment. Send ecash that was not used before; nothing was taken.',
    )
  }
  return new DomainError(
    'cashu_token_already_spent',
    'This ecash was used before, for something else. Nothing was charged for this request.',
  )
}
