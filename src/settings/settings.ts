import { DomainError, type Live } from '../lib/index.ts'
import type { Storage, Vault } from '../storage/index.ts'
import { inTheTable, invalidSetting, lockedByEnvironment, needsRestart, unknownSetting } from './problems.ts'
import type { SettingChange, SettingDefinition, SettingEdits, SettingView } from './setting.ts'
import { readSettings, writeSetting } from './setting-store.ts'

export interface SettingsOptions {
  readonly storage: Storage
  readonly vault: Vault
  readonly definitions: readonly SettingDefinition[]
  /** Texts by name, without prefix. Names that are not in `definitions` are not looked at. */
  readonly environment: ReadonlyMap<string, string>
  /** Opens although the table holds what cannot be read, so that it can be set right; that counts as not set. */
  readonly isForRepair?: boolean
}

const TEXT_MAX = 10_000
const SECRET = '[secret]'

/** What the operator set: the environment, else the table, else the default. One object for the life of the node. */
export class Settings {
  readonly #options: SettingsOptions
  readonly #definitions: ReadonlyMap<string, SettingDefinition>
  /** What the table says; of names that cannot be read, nothing. */
  readonly #table: Map<string, string>
  /** How often the table has changed. */
  #edition = 0
  readonly #problems: Map<string, DomainError>
  readonly #listeners = new Map<string, Set<() => void>>()
  /** Edits run one after another. */
  #lastEdit: Promise<unknown> = Promise.resolve()

  private constructor(options: SettingsOptions, rows: ReadonlyMap<string, string | undefined>) {
    this.#options = options
    this.#definitions = new Map(options.definitions.map((definition) => [definition.name, definition]))
    const read = [...rows].map(([name, text]) => ({ name, text, problem: this.#problemOf(name, text) }))
    this.#table = new Map(
      read.flatMap(({ name, text, problem }) =>
        text === undefined || problem ? [] : [[name, text] as const],
      ),
    )
    this.#problems = new Map(
      read.flatMap(({ name, problem }) => (problem ? [[name, inTheTable(problem)] as const] : [])),
    )
  }

  /**
   * Reads the table and checks all that counts.
   * @throws DomainError `setting_invalid`, `setting_unknown`, `setting_needs_restart` for what the table says and this version
   *   cannot read (unless `isForRepair`); `setting_invalid` for the environment; `sealed_value_unreadable`
   */
  static async open(options: SettingsOptions): Promise<Settings> {
    const settings = new Settings(options, await readSettings(options))
    const counting = [...settings.#problems].find(([name]) => !options.environment.has(name))
    if (counting && options.isForRepair !== true) throw counting[1]
    for (const { name, read } of options.definitions) read(name, settings.#text(name))
    return settings
  }

  /** Every setting, in the order of the definitions. */
  show(): SettingView[] {
    return this.#options.definitions.map(({ name, kind, describes }) => {
      const isLocked = this.#options.environment.has(name)
      const origin = isLocked ? 'environment' : this.#table.has(name) ? 'table' : 'default'
      return { name, value: this.#shown(name, this.#text(name)), origin, isLocked, kind, describes }
    })
  }

  /** Sentences about what stands in the table and cannot be read: what the environment overrides, or what is to be repaired. */
  problems(): string[] {
    return [...this.#problems.values()].map(({ message }) => message)
  }

  /** The value of a setting as it is at every moment; the same object until its text changes. */
  live<T>(definition: SettingDefinition<T>): Live<T>
  /** @throws DomainError `setting_unknown` */
  live(name: string): Live<unknown>
  live(wanted: SettingDefinition | string): Live<unknown> {
    const name = typeof wanted === 'string' ? wanted : wanted.name
    const { read } = this.#definition(name)
    let text = this.#text(name)
    let value = read(name, text)
    let edition = this.#edition
    // Asked for in every call, so that nothing is looked up while nothing has changed.
    const get = (): unknown => {
      if (edition === this.#edition) return value
      edition = this.#edition
      const now = this.#text(name)
      if (now === text) return value
      value = read(name, now)
      text = now
      return value
    }
    return {
      get,
      onChange: (listener) => {
        const call = (): void => listener(get())
        const all = this.#listeners.get(name) ?? new Set()
        this.#listeners.set(name, all.add(call))
        return () => void all.delete(call)
      },
    }
  }

  /**
   * What edits would do, entry by entry; those that change nothing of the table are left out.
   * @throws DomainError `setting_locked_by_environment`, `setting_unknown`, `setting_invalid`, `setting_needs_restart`
   */
  preview(edits: SettingEdits): SettingChange[] {
    return this.#changes(edits).map(({ name, text }) => ({
      name,
      from: this.#shown(name, this.#text(name)),
      to: this.#shown(name, text ?? this.#definitions.get(name)?.byDefault ?? ''),
    }))
  }

  /**
   * Saves edits in one transaction, all or none, and tells who listens once they are on disk.
   * @returns what was changed
   * @throws DomainError as `preview`, and `storage_failed`
   */
  async apply(edits: SettingEdits): Promise<SettingChange[]> {
    const edit = this.#lastEdit.then(() => this.#apply(edits))
    this.#lastEdit = edit.catch(() => undefined)
    return edit
  }

  async #apply(edits: SettingEdits): Promise<SettingChange[]> {
    const { storage, vault } = this.#options
    const shown = this.preview(edits)
    const changes = this.#changes(edits)
    if (changes.length === 0) return []
    const at = Date.now()
    await storage.transact(async (tx) => {
      for (const { name, text } of changes) {
        const isSecret = this.#definitions.get(name)?.isSecret ?? false
        await writeSetting(tx, vault, { name, text, isSecret, at })
      }
    })
    const before = new Map(changes.map(({ name }) => [name, this.#text(name)]))
    for (const { name, text } of changes) {
      if (text === undefined) this.#table.delete(name)
      else this.#table.set(name, text)
      this.#problems.delete(name)
    }
    this.#edition += 1
    // All values are in place before anybody hears of one, so that no listener sees half of an edit.
    for (const [name, text] of before) if (this.#text(name) !== text) this.#tell(name)
    return shown
  }

  #tell(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener()
  }

  #changes(edits: SettingEdits): { name: string; text: string | undefined }[] {
    return Object.entries(edits).flatMap(([name, written]) => {
      const text = written?.trim() || undefined
      this.#check(name, text)
      const isSame = this.#table.get(name) === text && !this.#problems.has(name)
      return isSame ? [] : [{ name, text }]
    })
  }

  /** @throws DomainError where the table may not hold this text; undefined takes out what is there */
  #check(name: string, text: string | undefined): void {
    const isRepair = text === undefined && this.#problems.has(name)
    if (isRepair) return
    if (this.#options.environment.has(name) && this.#definitions.has(name)) throw lockedByEnvironment(name)
    if (text === undefined) this.#liveDefinition(name)
    else this.#read(name, text)
  }

  #problemOf(name: string, text: string | undefined): DomainError | undefined {
    try {
      if (text === undefined) return invalidSetting(name, 'is not a text.')
      this.#read(name, text)
      return undefined
    } catch (error) {
      if (error instanceof DomainError) return error
      throw error
    }
  }

  /** @throws DomainError where the table cannot hold this */
  #read(name: string, text: string): void {
    const { read } = this.#liveDefinition(name)
    if (text.length > TEXT_MAX)
      throw invalidSetting(name, `is longer than ${TEXT_MAX} characters. Write less.`)
    read(name, text)
  }

  #definition(name: string): SettingDefinition {
    const definition = this.#definitions.get(name)
    if (!definition) throw unknownSetting(name, [...this.#definitions.keys()])
    return definition
  }

  #liveDefinition(name: string): SettingDefinition {
    const definition = this.#definition(name)
    if (definition.kind === 'process') throw needsRestart(name)
    return definition
  }

  /** What counts. */
  #text(name: string): string {
    const { environment } = this.#options
    return environment.get(name) ?? this.#table.get(name) ?? this.#definitions.get(name)?.byDefault ?? ''
  }

  #shown(name: string, text: string): string | undefined {
    if (text === '') return undefined
    return this.#definitions.get(name)?.isSecret === true ? SECRET : text
  }
}
