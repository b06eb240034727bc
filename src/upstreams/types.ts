/** An upstream as the operator declared it: a shop that Farebox buys answers from. */
export interface UpstreamConfig {
  /** The operator's name for it; unique. */
  id: string
  /** Name of its provider (`providerNames`): how it authenticates and lists its models; or `auto`, by its address. */
  type: string
  /** Base address with its `/v1`; http or https, without credentials, query or fragment. */
  url: string
  key: string | undefined
  /** Where its prices come from; read by the catalogue, only carried here. */
  prices: string
  /** Its own margin in basis points, where it differs from the node's. */
  marginBp: number | undefined
  /** Place in the operator's list; the tie-break between equal prices. */
  order: number
}

/** One model of an upstream's own list. Sizes in tokens, `created` in unix seconds. */
export interface ListedModel {
  id: string
  created: number | undefined
  ownedBy: string | undefined
  contextLength: number | undefined
  outputLimit: number | undefined
}

/** Who declared an upstream, and so who may change it. */
export type UpstreamOrigin = 'environment' | 'table'

/** What is known of an upstream now. A new object whenever something of it changed. */
export interface UpstreamState {
  readonly config: UpstreamConfig
  readonly origin: UpstreamOrigin
  readonly isEnabled: boolean
  /** Whether it can be asked for its models at all; where not, they are its provider's known ones. */
  readonly canList: boolean
  /** The last good list, which may be one that an earlier run was given; empty until the first one came. */
  readonly models: readonly ListedModel[]
  /** Unix milliseconds at which that list came; undefined until the first one. */
  readonly modelsAt: number | undefined
  /** Whether the list could not be had again since: the last look failed, or none has ended in this run. */
  readonly isStale: boolean
  /** Why the last look at the list failed, or why it is paused; undefined when all is well. Holds no secret. */
  readonly lastError: string | undefined
  /** Unix milliseconds of the last look, good or bad. */
  readonly checkedAt: number | undefined
  /** Unix milliseconds until which it gets no calls because it kept failing; undefined when it gets them. */
  readonly pausedUntil: number | undefined
}

/** How long to wait for what (milliseconds). */
export interface Timeouts {
  connectMs: number
  /** From the start of the call to the first byte of a streamed reply's body. */
  firstByteMs: number
  /** The same where a whole reply was asked for: such an upstream says nothing until it is done. */
  wholeFirstByteMs: number
  /** Between two pieces of a body, unless we asked the upstream to pause. */
  idleMs: number
  totalMs: number
}

export interface UpstreamCall {
  upstreamId: string
  /** Below the base address, with its slash: `/chat/completions`. */
  path: string
  /** The upstream's own name of the model; some want it in the path. */
  model?: string
  /** JSON. */
  body: Buffer
  /** Whether a stream was asked for; chooses the first-byte timeout. */
  stream: boolean
}

/** The caller's hand on a running call. All three may be called at any time, also after the end. */
export interface UpstreamControl {
  /** Stops reading from the upstream; at most one more piece follows. */
  pause(): void
  resume(): void
  /**
   * Hangs up. The call ends as `failed`, with the reason `aborted`, or `unreachable` where nothing was sent yet; nothing more
   * is given to the sink.
   */
  abort(): void
}

export interface ReplyHead {
  status: number
  /** Names in lower case; only those that a caller may see. */
  headers: Record<string, string | string[]>
  /** Whether the body is `text/event-stream`. */
  isStream: boolean
}

/** Receives a reply as it comes. A throw of `head` or `piece` ends the call as `aborted`. */
export interface UpstreamSink {
  /** Once, before anything is sent. */
  start?(control: UpstreamControl): void
  head(head: ReplyHead): void
  piece(chunk: Buffer): void
}

export type FailureReason =
  /** No connection came about: the upstream has not seen the request. */
  | 'unreachable'
  | 'timeout'
  /** The connection broke after the request was sent. */
  | 'reset'
  /** Our own side hung up. */
  | 'aborted'
  /** What came is not HTTP, or a whole reply without end. */
  | 'garbage'
  /** The body is compressed although we forbade it; it cannot be metered. */
  | 'encoding'

export type SendOutcome =
  | { kind: 'ended' }
  /** `began`: the head was given to the sink. `message` is for our log and names no secret. */
  | { kind: 'failed'; began: boolean; reason: FailureReason; message: string }
