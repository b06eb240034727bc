import { providers } from './providers/index.ts'

export type { UpstreamEvent } from './member.ts'
export type { TestCall } from './one-token.ts'
export { type Preset, presets } from './presets.ts'
export type { Provider, Quirks } from './providers/index.ts'
export { EVERY_UPSTREAM, type ModelRule, RULE_PRICES, type RuleInput, type RulePrices } from './rules.ts'
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
  UpstreamOrigin,
  UpstreamSink,
  UpstreamState,
} from './types.ts'
export { DEFAULT_TIMEOUTS, type Unavailable, Upstreams, type UpstreamsOptions } from './upstreams.ts'

/** What an upstream's type may be. */
export const providerNames: readonly string[] = providers.map(({ name }) => name)
