/** One setting, as everything that speaks of settings sees it. */
export interface SettingDefinition<T = unknown> {
  /** Without the prefix `FAREBOX_`. */
  readonly name: string
  /** `process` is read once at the start, from the environment only; `live` may change while the node runs. */
  readonly kind: 'process' | 'live'
  /** Never shown, and sealed where it is stored. */
  readonly isSecret: boolean
  /** What is read where nothing is set. Empty where nothing stands for it. */
  readonly byDefault: string
  /** A value that would do, for the reader of a manual. */
  readonly example: string
  /** A sentence or two: what it is, and what may be written. */
  readonly describes: string
  /** Turns the text into its value. @throws ConfigError, which says what to write and never quotes a secret */
  readonly read: (name: string, text: string) => T
}
