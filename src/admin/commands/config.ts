import { z } from 'zod'
import type { SettingView } from '../../settings/index.ts'
import type { ShownChange } from '../answers.ts'
import { command } from '../command.ts'
import { contactsOf } from '../contacts.ts'
import { readInput, readNothing } from '../read-input.ts'
import type { AdminRooms } from '../rooms.ts'
import { writeSetting } from '../settings-text.ts'

type Changes = Readonly<Record<string, string | null>>

const changesBody = z.strictObject({
  changes: z.record(z.string().max(100), z.string().max(20_000).nullable()),
})
const exportBody = z.strictObject({ secrets: z.boolean().default(false) })

export const configCommands = [
  command('config.show', {
    describes: 'Every setting with its value and where that comes from.',
    isReading: true,
    read: readNothing,
    run: ({ settings }) => ({
      settings: settings.show().map(({ name, value, origin, isLocked, kind, describes }) => ({
        name,
        value: value ?? null,
        origin,
        isLocked,
        kind,
        describes,
      })),
      problems: settings.problems(),
    }),
  }),
  command('config.preview', {
    describes: 'What applying settings would change.',
    isReading: true,
    read: (input) => readInput(changesBody, input).changes,
    run: ({ settings }, changes) => ({
      changes: settings.preview(realChanges(settings.show(), changes)).map(shown),
    }),
  }),
  command('config.apply', {
    describes: 'Changes settings, all of them or none.',
    read: (input) => readInput(changesBody, input).changes,
    run: async ({ settings }, changes) => ({
      changes: (await settings.apply(realChanges(settings.show(), changes))).map(shown),
    }),
  }),
  command('config.export', {
    describes: 'The settings that differ from the default, as a file that apply takes.',
    isReading: true,
    read: (input) => readInput(exportBody, input),
    run: ({ settings }, { secrets }) => ({ text: exported(settings, secrets) }),
  }),
  command('config.egress', {
    describes: 'Every host that the node may contact, and why.',
    isReading: true,
    read: readNothing,
    run: (rooms) => ({ contacts: contactsOf(rooms) }),
  }),
]

/** A file that was exported here names much that stands already, also in the environment; that is no change. */
function realChanges(views: readonly SettingView[], changes: Changes): Changes {
  const now = new Map(views.map((view) => [view.name, view]))
  return Object.fromEntries(
    Object.entries(changes).filter(([name, to]) => {
      const view = now.get(name)
      return view === undefined || (to === null ? view.origin !== 'default' : to !== view.value)
    }),
  )
}

function shown({
  name,
  from,
  to,
}: {
  name: string
  from: string | undefined
  to: string | undefined
}): ShownChange {
  return { name, from: from ?? null, to: to ?? null }
}

function exported(settings: AdminRooms['settings'], withSecrets: boolean): string {
  const set = settings.show().filter(({ origin }) => origin !== 'default')
  const live = set.filter(({ kind }) => kind === 'live')
  const rest = set.filter(({ kind }) => kind === 'process')
  const lines = ['# Settings of a Farebox node. Take them over with: farebox config apply FILE']
  for (const { name, value } of live) {
    const isSecret = value === SECRET
    if (isSecret && !withSecrets) lines.push(`# FAREBOX_${name} is a secret and left out`)
    else lines.push(writeSetting(name, isSecret ? reveal(settings.live(name).get()) : (value ?? '')))
  }
  if (rest.length > 0) lines.push('', '# These stand in the environment only, and need a restart.')
  for (const { name, value } of rest) {
    if (value !== SECRET) lines.push(`# ${writeSetting(name, value ?? '')}`)
  }
  return `${lines.join('\n')}\n`
}

const SECRET = '[secret]'

function reveal(value: unknown): string {
  if (typeof value === 'string') return value
  const opened: unknown =
    typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function'
      ? value.reveal()
      : undefined
  return typeof opened === 'string' ? opened : ''
}
