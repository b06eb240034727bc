import type { KeyRotation } from '../storage/index.ts'
import type { DoctorReport } from './doctor/index.ts'

/** What each command answers, as JSON has it: amounts as decimal text, times as ISO text. */
export interface AdminAnswers {
  'config.show': {
    readonly settings: readonly ShownSetting[]
    /** What the database says and this version cannot read, as sentences. */
    readonly problems: readonly string[]
  }
  'config.preview': { readonly changes: readonly ShownChange[] }
  'config.apply': { readonly changes: readonly ShownChange[] }
  'config.export': { readonly text: string }
  'config.egress': { readonly contacts: readonly Contact[] }
  'upstreams.list': { readonly upstreams: readonly ShownUpstream[] }
  'upstreams.presets': { readonly presets: readonly ShownPreset[] }
  'upstreams.add': { readonly upstream: ShownUpstream }
  'upstreams.enable': { readonly upstream: ShownUpstream }
  'upstreams.disable': { readonly upstream: ShownUpstream }
  'upstreams.remove': { readonly removed: string }
  'upstreams.test': ShownTrial
  'models.list': { readonly models: readonly ShownModel[] }
  'models.why': ShownWhy
  'models.rule': { readonly rules: readonly ShownRule[] }
  'keys.rotate': KeyRotation
  doctor: DoctorReport
}

export type CommandName = keyof AdminAnswers

interface ShownSetting {
  readonly name: string
  /** `[secret]` for a secret; null where there is no value. */
  readonly value: string | null
  readonly origin: 'environment' | 'table' | 'default'
  /** Set by the environment, which goes before everything written here. */
  readonly isLocked: boolean
  /** `live` ones change while the node runs. */
  readonly kind: 'process' | 'live'
  readonly describes: string
}

export interface ShownChange {
  readonly name: string
  readonly from: string | null
  readonly to: string | null
}

/** A host that the node may contact by itself. */
export interface Contact {
  readonly host: string
  readonly reason: string
}

export interface ShownUpstream {
  readonly id: string
  readonly type: string
  readonly url: string
  readonly prices: string
  /** As `10%`; null for the node's own. */
  readonly margin: string | null
  readonly hasKey: boolean
  readonly origin: 'environment' | 'table'
  readonly isEnabled: boolean
  /** How many models its own list has. */
  readonly models: number
  readonly modelsAt: string | null
  readonly pausedUntil: string | null
  readonly lastError: string | null
}

interface ShownPreset {
  readonly name: string
  readonly url: string
  readonly type: string
  readonly prices: string | null
  readonly describes: string
}

export interface ShownTrial {
  readonly upstream: string
  readonly model: string
  /** HTTP status of the answer; null where none came. */
  readonly status: number | null
  readonly ms: number
  /** What the upstream charges for it in dollars, exactly; null where it has no price. */
  readonly costUsd: string | null
  /** What went wrong and what to do about it; null when it went well. */
  readonly problem: { readonly sentence: string; readonly cure: string } | null
}

export interface ShownModel {
  readonly model: string
  /** Where it is bought, the first choice first. */
  readonly upstreams: readonly string[]
  readonly contextLength: number
  readonly outputLimit: number
  /** What callers pay for a million tokens, margin included. */
  readonly usdPerMillion: { readonly input: number; readonly output: number }
}

export interface ShownWhy {
  readonly model: string
  readonly isOffered: boolean
  /** How it stands with the model at every upstream, as a sentence each. */
  readonly reasons: readonly { readonly upstream: string; readonly code: string; readonly reason: string }[]
  /** Why nothing can be sold at all, where there is no price of bitcoin. */
  readonly rateTrouble: string | null
  /** Names that look alike. */
  readonly near: readonly string[]
}

export interface ShownRule {
  /** `*` for every upstream. */
  readonly upstream: string
  readonly model: string
  readonly isEnabled: boolean
  readonly alias: string | null
  /** Pico-USD for one, as decimal text, by what is priced. */
  readonly prices: Readonly<Record<string, string>> | null
  readonly margin: string | null
}
