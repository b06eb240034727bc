import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DomainError } from '../lib/index.ts'
import { Storage, tablesOf, Vault } from '../storage/index.ts'
import { type SettingDefinition, Settings, type SettingsOptions } from './index.ts'

function readNumber(name: string, text: string): { n: number } {
  if (!/^\d+$/.test(text)) throw new DomainError('setting_invalid', `FAREBOX_${name} is no number.`)
  return { n: Number(text) }
}

const common = { kind: 'live', isSecret: false, byDefault: '', describes: 'One.' } as const
const NAME: SettingDefinition<string> = {
  ...common,
  name: 'NAME',
  byDefault: 'Box',
  read: (_, text) => text,
}
const COUNT: SettingDefinition<{ n: number }> = {
  ...common,
  name: 'COUNT',
  byDefault: '1',
  read: readNumber,
}
const NSEC: SettingDefinition<string> = {
  ...common,
  name: 'NSEC',
  isSecret: true,
  read: (_, text) => text,
}
const LISTEN: SettingDefinition<string> = {
  ...common,
  name: 'LISTEN',
  kind: 'process',
  read: (_, text) => text,
}
const definitions = [NAME, COUNT, NSEC, LISTEN]

let dir: string
let storage: Storage
const vault = new Vault([randomBytes(32)])
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-settings-'))
  storage = Storage.open(dir)
})
afterEach(async () => {
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

const open = (
  environment: Record<string, string> = {},
  more: Partial<SettingsOptions> = {},
): Promise<Settings> =>
  Settings.open({ storage, vault, definitions, environment: new Map(Object.entries(environment)), ...more })

interface Tables {
  setting: { name: string; value_json: string; at: number }
  secret: { name: string; sealed: string }
}

const rows = () =>
  storage.read((tx) => tablesOf<Tables>(tx).selectFrom('setting').select(['name', 'value_json']).execute())
const put = (name: string, json: string) =>
  storage.transact((tx) =>
    tablesOf<Tables>(tx).insertInto('setting').values({ name, value_json: json, at: 1 }).execute(),
  )
const viewOf = (settings: Settings, wanted: string) => settings.show().find(({ name }) => name === wanted)

describe('what counts', () => {
  test('is the environment, else the table, else the default, and each says which', async () => {
    const first = await open()
    expect(viewOf(first, 'COUNT')).toMatchObject({ value: '1', origin: 'default', isLocked: false })
    await first.apply({ COUNT: ' 7 ' })
    expect(viewOf(first, 'COUNT')).toMatchObject({ value: '7', origin: 'table', isLocked: false })
    const second = await open({ COUNT: '9' })
    expect(viewOf(second, 'COUNT')).toMatchObject({ value: '9', origin: 'environment', isLocked: true })
    expect(second.live(COUNT).get()).toEqual({ n: 9 })
    expect(await rows()).toEqual([{ name: 'COUNT', value_json: '"7"' }])
    expect((await open()).live(COUNT).get()).toEqual({ n: 7 })
  })

  test('is nothing for a setting without a default', async () => {
    expect(viewOf(await open(), 'LISTEN')).toMatchObject({ value: undefined, origin: 'default' })
  })

  test('is taken back by null and by an empty text', async () => {
    const settings = await open()
    await settings.apply({ NAME: 'Shop', COUNT: '7' })
    await settings.apply({ NAME: null, COUNT: '  ' })
    expect(settings.show().map(({ origin }) => origin)).toEqual(definitions.map(() => 'default'))
    expect(await rows()).toEqual([])
  })

  test('a wrong value of the environment stops the opening', async () => {
    await expect(open({ COUNT: 'x' })).rejects.toMatchObject({ code: 'setting_invalid' })
  })
})

describe('an edit', () => {
  const refused: [edits: Record<string, string | null>, code: string, sentence: RegExp][] = [
    [{ NAME: 'a', LOCKED: 'b' }, 'setting_unknown', /LOCKED is not a setting/],
    [{ NAME: 'a', COUNTS: '2' }, 'setting_unknown', /Did you mean FAREBOX_COUNT\?/],
    [{ NAME: 'a', COUNTS: null }, 'setting_unknown', /Did you mean FAREBOX_COUNT\?/],
    [{ NAME: 'a', UPSTREAM_MAIN_URL: 'x' }, 'setting_unknown', /farebox upstreams/],
    [{ NAME: 'a', ['x'.repeat(9999)]: '2' }, 'setting_unknown', /^.{1,200}$/],
    [{ NAME: 'a', COUNT: 'two' }, 'setting_invalid', /no number/],
    [{ NAME: 'a', NSEC: 'x'.repeat(10_001) }, 'setting_invalid', /10000 characters/],
    [{ NAME: 'a', LISTEN: ':1' }, 'setting_needs_restart', /LISTEN .*restart the node/],
    [{ NAME: 'a', LISTEN: null }, 'setting_needs_restart', /LISTEN .*restart the node/],
  ]

  test.each(refused)('of %o is refused as %s, and saves nothing', async (edits, code, sentence) => {
    const settings = await open()
    const failure = { code, message: expect.stringMatching(sentence) }
    await expect(settings.apply(edits)).rejects.toMatchObject(failure)
    expect(() => settings.preview(edits)).toThrow(expect.objectContaining(failure))
    expect(await rows()).toEqual([])
    expect(settings.live(NAME).get()).toBe('Box')
  })

  test('of what the environment sets is refused, also where it would take it out', async () => {
    const settings = await open({ COUNT: '9' })
    for (const text of ['9', '2', null])
      await expect(settings.apply({ NAME: 'a', COUNT: text })).rejects.toMatchObject({
        code: 'setting_locked_by_environment',
        message: expect.stringContaining('FAREBOX_COUNT is set in the environment'),
      })
    expect(await rows()).toEqual([])
  })

  test('is shown before it is made, without what it does not change', async () => {
    const settings = await open()
    await settings.apply({ COUNT: '7' })
    const edits = { COUNT: '7', NAME: 'Shop', NSEC: 'hush' }
    const changes = [
      { name: 'NAME', from: 'Box', to: 'Shop' },
      { name: 'NSEC', from: undefined, to: '[secret]' },
    ]
    expect(settings.preview(edits)).toEqual(changes)
    expect(settings.live(NAME).get()).toBe('Box')
    expect(await settings.apply(edits)).toEqual(changes)
    expect(await settings.apply(edits)).toEqual([])
    expect(settings.preview({ COUNT: null })).toEqual([{ name: 'COUNT', from: '7', to: '1' }])
  })

  test('is told to listeners when it is on disk and whole, and only where a value changed', async () => {
    const settings = await open()
    const name = settings.live(NAME)
    const count = settings.live(COUNT)
    const heard: unknown[] = []
    name.onChange((value) => heard.push([value, count.get().n]))
    const stop = count.onChange((value) => {
      heard.push(value.n)
      heard.push(rows())
    })
    await settings.apply({ NAME: 'Shop', COUNT: '7' })
    const [first, second, saved] = heard
    expect([first, second]).toEqual([['Shop', 7], 7])
    expect(await saved).toHaveLength(2)
    stop()
    // The same as the default: in the table now, but no other value.
    await settings.apply({ COUNT: '8', NAME: 'Box' })
    await settings.apply({ NAME: null })
    expect(heard).toHaveLength(4)
    expect(heard[3]).toEqual(['Box', 8])
  })

  test('many at once end in what the last one said, in memory and on disk', async () => {
    const settings = await open()
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => settings.apply({ COUNT: String(i), NAME: `n${i}` })),
    )
    expect([settings.live(COUNT).get().n, settings.live(NAME).get()]).toEqual([19, 'n19'])
    // The second is no change of what was there before the first.
    await Promise.all([settings.apply({ COUNT: '20' }), settings.apply({ COUNT: '19' })])
    const again = await open()
    expect([again.live(COUNT).get().n, again.live(NAME).get()]).toEqual([19, 'n19'])
  })

  test('a value stays the same object until its text changes', async () => {
    const settings = await open()
    const count = settings.live(COUNT)
    const before = count.get()
    await settings.apply({ NAME: 'Shop', COUNT: '1' })
    expect(count.get()).toBe(before)
    await settings.apply({ COUNT: '2' })
    expect(count.get()).not.toBe(before)
  })
})

describe('a secret', () => {
  test('is sealed in the table and never shown', async () => {
    const settings = await open()
    await settings.apply({ NSEC: 'nsec1-very-private' })
    const kept = await storage.read((tx) => tablesOf<Tables>(tx).selectFrom('secret').selectAll().execute())
    expect(kept).toMatchObject([{ name: 'setting:NSEC', sealed: expect.stringMatching(/^fb1\./) }])
    expect(await rows()).toEqual([])
    expect(JSON.stringify([settings.show(), settings.preview({ NSEC: null })])).not.toContain('very-private')
    expect((await open()).live(NSEC).get()).toBe('nsec1-very-private')
    await settings.apply({ NSEC: null })
    expect((await open()).live(NSEC).get()).toBe('')
  })
})

describe('a table that this version cannot read', () => {
  const bad: [name: string, json: string, code: string][] = [
    ['COUNT', '"many"', 'setting_invalid'],
    ['COUNT', '7', 'setting_invalid'],
    ['COUNT', 'garbage', 'setting_invalid'],
    ['FUTURE', '"x"', 'setting_unknown'],
    ['LISTEN', '":1"', 'setting_needs_restart'],
  ]

  test.each(bad)(
    'with %s = %s stops the start with a sentence, and can be set right',
    async (name, json, code) => {
      await put(name, json)
      const failure = {
        code,
        message: expect.stringMatching(`FAREBOX_${name} .*database says.*config apply`),
      }
      await expect(open()).rejects.toMatchObject(failure)
      const repaired = await open({}, { isForRepair: true })
      expect(repaired.problems()).toEqual([failure.message])
      expect(repaired.live(COUNT).get()).toEqual({ n: 1 })
      await repaired.apply({ [name]: null })
      expect(repaired.problems()).toEqual([])
      await expect(open()).resolves.toBeInstanceOf(Settings)
    },
  )

  test('does not stop it where the environment goes before', async () => {
    await put('COUNT', '"many"')
    const settings = await open({ COUNT: '3' })
    expect(settings.live(COUNT).get()).toEqual({ n: 3 })
    expect(settings.problems()).toHaveLength(1)
    await settings.apply({ COUNT: null })
    expect((await open()).live(COUNT).get()).toEqual({ n: 1 })
  })

  test('a right text in the place of a wrong one repairs it', async () => {
    await put('COUNT', '"many"')
    const settings = await open({}, { isForRepair: true })
    expect(await settings.apply({ COUNT: '2' })).toEqual([{ name: 'COUNT', from: '1', to: '2' }])
    expect((await open()).live(COUNT).get()).toEqual({ n: 2 })
  })
})

test('a setting is found by its name too, and a name that is none is refused', async () => {
  const settings = await open({ LISTEN: ':1' })
  expect(settings.live('LISTEN').get()).toBe(':1')
  expect(() => settings.live('LISTENS')).toThrow(expect.objectContaining({ code: 'setting_unknown' }))
})
