import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitions, SETTINGS } from '../../src/config/index.ts'
import { DomainError } from '../../src/lib/index.ts'
import { Settings } from '../../src/settings/index.ts'
import { Storage, Vault } from '../../src/storage/index.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'farebox-settings-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Texts that a setting takes, and one that it refuses. */
const TEXTS: Readonly<Record<string, { good: readonly string[]; bad: string }>> = {
  MARGIN: { good: ['0%', '5%', '12.5%'], bad: 'ten' },
  MINTS: { good: ['https://a.example', 'https://a.example,https://b.example'], bad: 'a.example' },
  BTC_USD: { good: ['95000', '101000.5', 'off'], bad: '5' },
  NAME: { good: ['Farebox node', 'Shop', 'Σ'], bad: 'two\nlines' },
  CORS_ORIGINS: { good: ['*', 'https://c.example'], bad: 'c.example' },
  PRICE_REFRESH: { good: ['on', 'off'], bad: 'yes' },
  LOG_LEVEL: { good: ['warn', 'error'], bad: 'loud' },
}
const names = Object.keys(TEXTS)
const LIVE = [SETTINGS.MARGIN, SETTINGS.MINTS, SETTINGS.BTC_USD, SETTINGS.NAME, SETTINGS.CORS_ORIGINS]

const aName = fc.constantFrom(...names)
const aText = (name: string): fc.Arbitrary<string> => fc.constantFrom(...(TEXTS[name]?.good ?? []))
const environment = fc
  .uniqueArray(aName, { maxLength: 3 })
  .chain((chosen) => fc.tuple(...chosen.map((name) => fc.tuple(fc.constant(name), aText(name)))))
const edit = fc.oneof(
  {
    weight: 8,
    arbitrary: aName.chain((name) => fc.tuple(fc.constant(name), fc.option(aText(name), { nil: null }))),
  },
  { weight: 1, arbitrary: aName.map((name): [string, string] => [name, TEXTS[name]?.bad ?? '']) },
  { weight: 1, arbitrary: fc.constant<[string, string]>(['MARGINS', '5%']) },
)
type Step =
  | { readonly kind: 'edit'; readonly edits: readonly (readonly [string, string | null])[] }
  | { readonly kind: 'restart'; readonly environment: readonly (readonly [string, string])[] }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      edits: fc.uniqueArray(edit, { minLength: 1, maxLength: 3, selector: ([name]) => name }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), environment }) },
)

/** The rule, as a person would say it: two maps, and a default. */
class Model {
  readonly table = new Map<string, string>()
  environment = new Map<string, string>()

  /** The code of the refusal; undefined where the edits are made. */
  apply(edits: readonly (readonly [string, string | null])[]): string | undefined {
    for (const [name, text] of edits) {
      const known = definitions.find((one) => one.name === name)
      if (this.environment.has(name)) return 'setting_locked_by_environment'
      if (!known) return 'setting_unknown'
      if (known.kind === 'process') return 'setting_needs_restart'
      if (text !== null && text === TEXTS[name]?.bad) return 'setting_invalid'
    }
    for (const [name, text] of edits) {
      if (text === null) this.table.delete(name)
      else this.table.set(name, text)
    }
    return undefined
  }

  values(): unknown[] {
    return LIVE.map(({ name, byDefault, read }) =>
      read(name, this.environment.get(name) ?? this.table.get(name) ?? byDefault),
    )
  }

  show(): unknown[] {
    return definitions.map(({ name, byDefault }) => {
      const isLocked = this.environment.has(name)
      const origin = isLocked ? 'environment' : this.table.has(name) ? 'table' : 'default'
      const value = this.environment.get(name) ?? this.table.get(name) ?? byDefault
      return { name, value: value === '' ? undefined : value, origin, isLocked }
    })
  }
}

async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof DomainError) return error.code
    throw error
  }
}

/** The room on a real database, and the model beside it. */
class Twins {
  readonly model = new Model()
  readonly #dir: string
  readonly #vault: Vault
  readonly #heard = new Map<string, unknown>()
  #storage: Storage
  #settings: Settings | undefined

  constructor(dir: string, vault: Vault) {
    this.#dir = dir
    this.#vault = vault
    this.#storage = Storage.open(dir)
  }

  async open(): Promise<void> {
    const parts = { storage: this.#storage, vault: this.#vault, definitions }
    const settings = await Settings.open({ ...parts, environment: this.model.environment })
    for (const one of LIVE) {
      const value = settings.live<unknown>(one)
      this.#heard.set(one.name, value.get())
      value.onChange((now) => this.#heard.set(one.name, now))
    }
    this.#settings = settings
  }

  close(): Promise<void> {
    return this.#storage[Symbol.asyncDispose]()
  }

  /** @returns what each of the two made of it: a code where it was refused */
  async step(next: Step): Promise<{ model: string | undefined; room: string | undefined }> {
    if (next.kind === 'edit') {
      const edits = Object.fromEntries(next.edits)
      return { model: this.model.apply(next.edits), room: await refusalOf(this.settings.apply(edits)) }
    }
    await this.close()
    this.model.environment = new Map(next.environment)
    this.#storage = Storage.open(this.#dir)
    await this.open()
    return { model: 'restart', room: 'restart' }
  }

  get settings(): Settings {
    if (!this.#settings) throw new Error('not open')
    return this.#settings
  }

  shown(): unknown[] {
    return this.settings
      .show()
      .map(({ name, value, origin, isLocked }) => ({ name, value, origin, isLocked }))
  }

  /** What a room gets when it asks, and what one that listens has heard last. */
  values(): unknown[] {
    return LIVE.map((one) => [this.settings.live<unknown>(one).get(), this.#heard.get(one.name)])
  }
}

describe('settings', () => {
  test('after any edits, restarts and changes of the environment show what the rule says, and whence', async () => {
    const vault = new Vault([randomBytes(32)])
    const seen = new Set<unknown>()
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const twins = new Twins(join(root, String((runs += 1))), vault)
        await twins.open()
        for (const next of steps) {
          const { model, room } = await twins.step(next)
          expect(room).toBe(model)
          expect(twins.shown()).toEqual(twins.model.show())
          expect(twins.values()).toEqual(twins.model.values().map((value) => [value, value]))
          seen.add(model ?? 'applied')
          for (const { origin } of twins.settings.show()) seen.add(origin)
        }
        await twins.close()
      }),
      { numRuns: 60 },
    )
    const refusals = ['locked_by_environment', 'unknown', 'needs_restart', 'invalid']
    const kinds = ['applied', 'restart', 'environment', 'table', 'default']
    expect(seen).toEqual(new Set([...kinds, ...refusals.map((code) => `setting_${code}`)]))
  })
})
