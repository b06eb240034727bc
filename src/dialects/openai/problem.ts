import type { Problem } from '../canonical/dialect.ts'

/**
 * An error as OpenAI's SDKs (`error`) and Routstr's clients (`detail.error`, `detail` with extras) read it, as JSON text.
 * `code` is always text: those clients ignore a number.
 */
export function renderOpenAiProblem(problem: Problem): string {
  const error = errorOf(problem)
  const { extra, requestId } = problem
  return JSON.stringify({ error, detail: { ...extra, error }, request_id: requestId, ...extra })
}

/** The same inside a stream: an event with `error`, at which OpenAI's SDKs throw. */
export function renderOpenAiStreamProblem(problem: Problem): Buffer {
  const event = { error: errorOf(problem), request_id: problem.requestId }
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`)
}

function errorOf({ type, code, message, details, refundToken }: Problem): Record<string, unknown> {
  const upstreamStatus = details?.['upstream_status']
  return {
    type,
    code,
    message,
    // Where Routstr's clients look for it.
    ...(upstreamStatus !== undefined && { upstream_status: upstreamStatus }),
    ...(details && { details }),
    ...(refundToken !== undefined && { refund_token: refundToken }),
  }
}
