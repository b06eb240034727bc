import { RefundedError } from '../access/index.ts'
import { DomainError } from '../lib/index.ts'
import type { Receipt } from './close-call.ts'

/** The error of a call that has no reply, with all that its payer gets back. */
export function failed(problem: DomainError, { charge, change, payment }: Receipt): DomainError {
  if (!payment) return problem
  const refund = payment.isLater ? undefined : change
  return new RefundedError(refund, {
    code: problem.code,
    message: problem.message,
    details: {
      ...problem.details,
      charged_msat: Number(charge.msat),
      payment_id: payment.id,
      refund_route: 'POST /v1/wallet/refund with the same X-Cashu',
    },
    ...(problem.retryAfterS !== undefined && { retryAfterS: problem.retryAfterS }),
    cause: problem,
  })
}

/** The upstream said no to the request itself; its own message is the caller's to read. */
export function upstreamRejected(status: number, message: string): DomainError {
  return new DomainError('upstream_rejected', `${message} Nothing was charged.`, {
    details: { upstream_status: status },
  })
}

/** The upstream, or the operator's account there, is at fault. What it said is not passed on: it may quote a key. */
export function upstreamUnavailable(details: Readonly<Record<string, unknown>>): DomainError {
  return new DomainError(
    'UPSTREAM_UNAVAILABLE',
    'The model provider failed to answer this request. Nothing was charged; try again, or use another model.',
    { details },
  )
}

/** Every upstream that has the model kept failing, so none is tried for now. */
export function upstreamPaused(retryAfterS: number): DomainError {
  return new DomainError(
    'UPSTREAM_UNAVAILABLE',
    'The model provider kept failing, so it is left alone for a moment. Nothing was charged; try again later, or use another model.',
    { retryAfterS, details: { paused: true } },
  )
}

export function upstreamTimeout(details: Readonly<Record<string, unknown>>): DomainError {
  return new DomainError(
    'UPSTREAM_TIMEOUT',
    'The model provider did not answer in time. Nothing was charged; try again, or ask for less.',
    { details },
  )
}

export function upstreamRateLimit(retryAfterS: number): DomainError {
  return new DomainError(
    'UPSTREAM_RATE_LIMIT',
    'The model provider asks us to slow down. Nothing was charged; try again a little later.',
    { retryAfterS, details: { upstream_status: 429 } },
  )
}

/** A fault of our own on the way of a call. */
export function broken(cause: unknown): DomainError {
  return new DomainError('internal_error', 'The node failed to pass this request on. Nothing was charged.', {
    cause,
  })
}

/** A stream that broke off after some of it was delivered. */
export function streamCut(): DomainError {
  return new DomainError(
    'UPSTREAM_UNAVAILABLE',
    'The model provider broke off in the middle of the answer. What was delivered is charged, the rest is not.',
  )
}

/** A stream that went on well past the limit it was given. */
export function overLimit(): DomainError {
  return new DomainError(
    'output_limit_passed',
    'The model provider went past the output limit of this request, so the answer was cut. No more than the limit is charged.',
  )
}
