/** Where a reply is cut, or falls silent. */
export type Spot = 'before_head' | 'after_head' | 'mid_content' | 'before_usage' | 'before_done'

/** What an upstream does differently from a good one. Everything is optional and may be combined. */
export interface Misbehaviour {
  /** What stands as `usage`, from the honest one; `undefined` leaves it out. */
  readonly usage?: (honest: object) => unknown
  /** The usage stands on the last chunk that has a choice, and no chunk of its own follows. */
  readonly usageOnLastContent?: boolean
  /** Says far more than the limit that was asked for. */
  readonly ignoreLimit?: boolean
  /** Calls the first tool of the request. */
  readonly callTool?: boolean
  /** The connection is destroyed there. */
  readonly cut?: Spot
  /** Nothing more is sent from there on, and the connection stays open. */
  readonly hang?: 'before_head' | 'mid_content'
  /** The stream ends without `[DONE]`. */
  readonly noDone?: boolean
  /** Lines end with CR LF. */
  readonly crlf?: boolean
  /** Every byte is a write of its own. */
  readonly bytewise?: boolean
  /** An error object stands in a reply of status 200: in place of its content, or after half of it. */
  readonly error?: 'first' | 'mid_content'
  /** This instead of any answer. */
  readonly instead?: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body: string
  }
  /** Headers beside the usual ones. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** The body is compressed although nobody asked for it. */
  readonly gzip?: boolean
  /** Milliseconds before each piece. */
  readonly delayMs?: number
}

const failure = (status: number, type: string, headers: Record<string, string> = {}): Misbehaviour => ({
  instead: {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      error: { message: `The upstream says ${status} (key sk-upstream)`, type, param: null, code: type },
    }),
  },
})

function counts(change: (count: number, name: string) => number): (honest: object) => unknown {
  return (honest) =>
    Object.fromEntries(
      Object.entries(honest).map(([name, value]) => [
        name,
        typeof value === 'number' ? change(value, name) : value,
      ]),
    )
}

/** The named ones: a request chooses by `model` (`gpt-4o-mini@cut_mid_content`) or `user`, a test by `behave`. */
export const MISBEHAVIOURS = {
  none: {},
  usage_absent: { usage: () => undefined },
  usage_null: { usage: () => null },
  usage_zero: { usage: counts(() => 0) },
  usage_on_last_content: { usageOnLastContent: true },
  usage_huge: { usage: counts((count) => count * 1_000_000) },
  usage_negative: { usage: counts((count) => -count) },
  usage_fraction: { usage: counts((count) => count + 0.5) },
  usage_text: { usage: () => 'a lot' },
  ignores_limit: { ignoreLimit: true },
  calls_tool: { callTool: true },
  cut_before_head: { cut: 'before_head' },
  cut_after_head: { cut: 'after_head' },
  cut_mid_content: { cut: 'mid_content' },
  cut_before_usage: { cut: 'before_usage' },
  cut_before_done: { cut: 'before_done' },
  hang_before_head: { hang: 'before_head' },
  hang_mid_stream: { hang: 'mid_content' },
  no_done: { noDone: true },
  crlf: { crlf: true },
  bytewise: { bytewise: true },
  slow: { delayMs: 200 },
  gzip: { gzip: true },
  error_first: { error: 'first' },
  error_in_stream: { error: 'mid_content' },
  status_400: failure(400, 'invalid_request_error'),
  status_401: failure(401, 'invalid_api_key'),
  status_402: failure(402, 'insufficient_quota'),
  status_403: failure(403, 'permission_denied'),
  status_404: failure(404, 'model_not_found'),
  status_422: failure(422, 'invalid_request_error'),
  status_429: failure(429, 'rate_limit_exceeded', { 'retry-after': '2' }),
  status_500: failure(500, 'server_error'),
  status_503: failure(503, 'overloaded'),
  garbage: {
    instead: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '\u0000\u0007{"choices":[}}',
    },
  },
  html: {
    instead: {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><title>Sign in</title><p>Please sign in to this network.',
    },
  },
  redirect: { instead: { status: 302, headers: { location: '/v1/elsewhere' }, body: '' } },
  payment_headers: {
    headers: {
      'x-cashu': 'cashuBfromTheUpstream',
      'www-authenticate': 'L402 macaroon="m", invoice="i"',
      'set-cookie': ['session=upstream; Path=/', 'second=1'],
      'x-routstr-cost-msats': '999',
      'x-routstr-request-id': 'upstream-id',
    },
  },
} as const satisfies Readonly<Record<string, Misbehaviour>>

export type MisbehaviourName = keyof typeof MISBEHAVIOURS

/** One of the table by its name; undefined where there is none of that name. */
export function misbehaviourNamed(name: string): Misbehaviour | undefined {
  return new Map<string, Misbehaviour>(Object.entries(MISBEHAVIOURS)).get(name)
}
