/** What this room has to know of a setting. The list of them is the `config` room's. */
export interface SettingDefinition<T = unknown> {
  /** Without the prefix `FAREBOX_`. */
  readonly name: string
  /** Only `live` ones may stand in the table. */
  readonly kind: 'process' | 'live'
  /** Never shown, and sealed where it is stored. */
  readonly isSecret: boolean
  /** What is read where nothing is set; empty where nothing stands for it. */
  readonly byDefault: string
  readonly describes: string
  /** @throws DomainError `setting_invalid` */
  readonly read: (name: string, text: string) => T
}

/** A setting as it counts now. */
export interface SettingView {
  readonly name: string
  /** As it is written; `[secret]` for a secret; undefined where nothing is set. */
  readonly value: string | undefined
  readonly origin: 'environment' | 'table' | 'default'
  /** The environment sets it, so it cannot be changed here. */
  readonly isLocked: boolean
  readonly kind: 'process' | 'live'
  readonly describes: string
}

/** What one entry of an edit does; the texts are shown as in `SettingView`. */
export interface SettingChange {
  readonly name: string
  readonly from: string | undefined
  readonly to: string | undefined
}

/** Texts by name; null, or an empty text, takes the entry out of the table. */
export type SettingEdits = Readonly<Record<string, string | null>>
