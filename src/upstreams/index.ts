import { providers } from './providers/index.ts'

export type { Provider } from './providers/index.ts'
export { classifyStatus, type StatusClass } from './status.ts'
export type {
  FailureReason,
  ListedModel,
  ReplyHead,
  SendOutcome,
  Timeouts,
  UpstreamCall,
  UpstreamConfig,
  UpstreamControl,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
export { DEFAULT_TIMEOUTS, type UpstreamEvent, Upstreams, type UpstreamsOptions } from './upstreams.ts'

/** What an upstream's type may be. */
export const providerNames: readonly string[] = providers.map(({ name }) => name)
