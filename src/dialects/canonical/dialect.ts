import type { AskedRequest, Rewrite } from './request.ts'
import type { Meter } from './meter.ts'

/** An error as it is shown to a caller. */
export interface Problem {
  readonly status: number
  readonly type: string
  readonly code: string
  readonly message: string
  readonly requestId: string
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly refundToken?: string | undefined
  /** Extra members of the top level (`detail` and body) that clients of one shape read, as `amount_required_msat`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined
}

/** One route of one API language: how its requests are read and its replies watched. */
export interface Dialect {
  /** Stable name: `openai.chat`. */
  readonly name: string
  readonly method: 'POST'
  /** Paths it answers on, without trailing slash. */
  readonly paths: readonly string[]
  /** Path below an upstream's base URL: `/chat/completions`. */
  readonly upstreamPath: string
  /**
   * Reads a request. `allowed` are top-level fields that the operator lets through beyond the dialect's own list.
   * @throws DomainError `invalid_json`, `duplicate_key`, `invalid_request`
   */
  readRequest(body: Buffer, allowed?: readonly string[]): AskedRequest
  /** The bytes that go up: spliced, not serialised again. */
  writeRequest(body: Buffer, asked: AskedRequest, rewrite: Rewrite): Buffer
  /** What the model gets to read, for a payer whose balance is too small for the byte bound: text, and tokens beside it. */
  promptText(body: Buffer, asked: AskedRequest): { readonly text: string; readonly overhead: number }
  /** Watches the reply to a request. `stream` says how the upstream answers. `model` is the name the caller used. */
  meter(asked: AskedRequest, stream: boolean): Meter
  /** An error in this dialect's shape, as JSON text. */
  readonly renderProblem: (problem: Problem) => string
  /** An error inside a stream that has begun, as bytes in the stream's own framing. */
  renderStreamProblem(problem: Problem): Buffer
}
