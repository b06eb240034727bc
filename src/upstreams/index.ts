import { providers } from './providers/index.ts'

export type { TestCall } from './one-token.ts'
export { type Preset, presets } from './presets.ts'
export { EVERY_UPSTREAM, type ModelRule, type RuleInput } from './rules.ts'
export { classifyStatus } from './status.ts'
export type {
  ReplyHead,
  SendOutcome,
  Timeouts,
  UpstreamCall,
  UpstreamConfig,
  UpstreamControl,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
export { Upstreams, type UpstreamsOptions } from './upstreams.ts'

/** What an upstream's type may be. */
export const providerNames: readonly string[] = providers.map(({ name }) => name)
