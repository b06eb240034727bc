import { RefundedError } from '../access/index.ts'
import type { Problem } from '../dialects/index.ts'
import { DomainError } from '../lib/index.ts'

interface Kind {
  readonly status: number
  readonly type: string
  /** `false` tells the official SDKs not to send the same request again. */
  readonly mayRetry?: false
}

const invalid = { status: 400, type: 'invalid_request_error' } as const

/** Every code an answer can have, with its status and type. The reference of errors is written from this table. */
export const PROBLEMS: Readonly<Record<string, Kind>> = {
  invalid_json: invalid,
  invalid_request: invalid,
  duplicate_key: invalid,
  unpriced_feature: invalid,
  content_encoding_unsupported: { ...invalid, status: 415 },
  model_not_found: { status: 404, type: 'invalid_model' },
  not_found: { status: 404, type: 'not_found' },
  body_too_large: { ...invalid, status: 413 },
  headers_too_large: { ...invalid, status: 431 },
  request_timeout: { ...invalid, status: 408 },
  bad_http: invalid,

  payment_required: { status: 402, type: 'payment_required' },
  minimum_balance_required: { status: 402, type: 'minimum_balance_required' },
  insufficient_balance: { status: 402, type: 'insufficient_quota' },
  missing_api_key: { status: 401, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'invalid_request_error' },
  key_not_found: { status: 401, type: 'invalid_request_error' },
  raw_ecash_not_allowed: { status: 403, type: 'invalid_request_error' },

  invalid_cashu_token: { status: 400, type: 'invalid_token', mayRetry: false },
  cashu_untrusted_source_mint: { status: 400, type: 'untrusted_mint', mayRetry: false },
  cashu_token_already_spent: { status: 400, type: 'token_already_spent', mayRetry: false },
  cashu_token_zero_value: { status: 400, type: 'cashu_error', mayRetry: false },
  cashu_token_swap_fees_exceed_amount: { status: 422, type: 'mint_error', mayRetry: false },
  cashu_token_redemption_failed: { status: 400, type: 'cashu_error', mayRetry: false },
  cashu_token_locked: { status: 400, type: 'invalid_token', mayRetry: false },
  cashu_unit_not_supported: { status: 400, type: 'invalid_token', mayRetry: false },
  cashu_ecash_overlaps: { status: 409, type: 'payment_conflict', mayRetry: false },
  cashu_holdings_short: { status: 503, type: 'api_error' },
  cashu_operation_needs_attention: { status: 503, type: 'api_error', mayRetry: false },
  cashu_operation_broke_off: { status: 503, type: 'api_error' },
  exceeds_credits: { status: 402, type: 'insufficient_quota' },
  cashu_payment_too_small: { status: 400, type: 'cashu_error', mayRetry: false },
  cashu_mint_unreachable: { status: 503, type: 'mint_unreachable' },
  cashu_mint_rate_limited: { status: 503, type: 'mint_rate_limited' },
  payment_running: { status: 425, type: 'payment_pending' },
  payment_overlaps: { status: 409, type: 'payment_conflict', mayRetry: false },
  refund_not_found: { status: 404, type: 'not_found' },
  payment_consumed: { status: 410, type: 'token_already_spent', mayRetry: false },

  no_balance_to_refund: invalid,
  refund_ongoing_requests: invalid,
  mint_not_funded: invalid,
  call_running: { status: 409, type: 'idempotency_conflict' },
  answer_not_kept: { status: 410, type: 'idempotency_conflict', mayRetry: false },
  idempotency_key_invalid: invalid,
  idempotency_key_reused: { status: 422, type: 'invalid_request_error', mayRetry: false },

  upstream_rejected: invalid,
  UPSTREAM_UNAVAILABLE: { status: 424, type: 'upstream_error' },
  UPSTREAM_TIMEOUT: { status: 424, type: 'upstream_error' },
  UPSTREAM_RATE_LIMIT: { status: 429, type: 'upstream_error' },
  output_limit_passed: { status: 424, type: 'upstream_error' },
  supplier_timeout: { status: 504, type: 'api_error', mayRetry: false },

  upstream_invalid: invalid,
  upstream_exists: { status: 409, type: 'invalid_request_error' },
  upstream_unknown: { status: 404, type: 'not_found' },
  upstream_without_models: invalid,
  upstream_locked_by_environment: { status: 409, type: 'invalid_request_error' },
  model_rule_invalid: invalid,
  price_list_unknown: invalid,
  price_file_invalid: invalid,

  setting_unknown: invalid,
  setting_invalid: invalid,
  setting_needs_restart: { ...invalid, status: 409 },
  setting_locked_by_environment: { ...invalid, status: 409 },
  setting_file_invalid: invalid,

  node_key_invalid: invalid,
  node_key_foreign: invalid,
  key_rotation_running: { ...invalid, status: 409 },
  data_dir_unusable: { status: 503, type: 'api_error' },

  rate_unavailable: { status: 503, type: 'api_error' },
  too_many_tests: { status: 503, type: 'api_error' },
  shutting_down: { status: 503, type: 'api_error' },
  node_stopping: { status: 503, type: 'api_error' },
  admin_unauthorized: { status: 401, type: 'invalid_request_error' },
  host_not_allowed: { status: 403, type: 'invalid_request_error' },
  command_unknown: { status: 404, type: 'not_found' },
  command_invalid: invalid,
  storage_failed: { status: 503, type: 'api_error' },
  internal_error: { status: 500, type: 'api_error', mayRetry: false },
}

const UNKNOWN: Kind = { status: 500, type: 'api_error', mayRetry: false }

/** The code that an error is answered with. */
export function codeOf(error: unknown): string {
  return error instanceof DomainError && PROBLEMS[error.code] ? error.code : 'internal_error'
}

/** Whether an answer with this code is the node's or its supplier's doing. An end of the node is neither. */
export function isOurTrouble(code: string): boolean {
  const { status, type } = PROBLEMS[code] ?? UNKNOWN
  return (status >= 500 || type === 'upstream_error') && code !== 'shutting_down'
}

interface RenderedProblem {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

/** An error as the caller sees it. What has no code of its own becomes `internal_error` and says nothing of its cause. */
export function toProblem(error: unknown, requestId: string): RenderedProblem {
  const known = error instanceof DomainError && PROBLEMS[error.code] ? error : internal(error)
  const kind = PROBLEMS[known.code] ?? UNKNOWN
  const refund = known instanceof RefundedError ? known.refund : undefined
  const { payment_request: paymentRequest, ...details } = known.details ?? {}
  const status = known.code === 'upstream_rejected' ? Number(details['upstream_status']) : kind.status
  return {
    problem: {
      status,
      type: kind.type,
      code: known.code,
      message: known.message,
      requestId,
      details: known.details && details,
      refundToken: refund,
      extra: status === 402 ? paymentExtras(known.code, details) : undefined,
    },
    headers: headersOf(known, kind, refund ?? paymentRequest),
  }
}

function headersOf(error: DomainError, kind: Kind, xCashu: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  if (error.retryAfterS !== undefined) headers['retry-after'] = String(error.retryAfterS)
  if (kind.mayRetry === false || error instanceof RefundedError) headers['x-should-retry'] = 'false'
  if (kind.type === 'upstream_error') headers['x-routstr-error-scope'] = 'upstream'
  if (typeof xCashu === 'string') headers['x-cashu'] = xCashu
  return headers
}

/** What clients of the Routstr network read beside the error of a 402 (`routstr-clients` §2.6). */
function paymentExtras(code: string, details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    ...(code === 'minimum_balance_required' && { reason: 'Insufficient balance', type: code }),
    ...Object.fromEntries(
      ['amount_required_msat', 'balance_msat', 'model'].flatMap((name) =>
        details[name] === undefined ? [] : [[name, details[name]]],
      ),
    ),
  }
}

function internal(cause: unknown): DomainError {
  return new DomainError(
    'internal_error',
    'Something went wrong inside the node. What was held is settled by what was delivered; look at your balance before you try again.',
    { cause },
  )
}
