import { readFileSync } from 'node:fs'
import { type AdminAnswers, readSettingsText } from '../../admin/index.ts'
import { definitions } from '../../config/index.ts'
import { confirm, show, YES_OPTION } from '../answer.ts'
import { type CliCall, cliCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import type { Screen } from '../screen/screen.ts'
import { printable, renderTable, wrap } from '../screen/table.ts'

type Changes = Readonly<Record<string, string | null>>
type Setting = AdminAnswers['config.show']['settings'][number]
type Change = AdminAnswers['config.apply']['changes'][number]

export const configCommands = [
  cliCommand({
    name: 'config show',
    arguments: '[<name>…]',
    most: Infinity,
    describes: 'every setting, its value, and where that comes from',
    details: ['With names it says what those settings are. Secrets are not shown.'],
    examples: ['farebox config show', 'farebox config show MARGIN BTC_USD'],
    run: showSettings,
  }),
  cliCommand({
    name: 'config set',
    arguments: '<NAME=value>…',
    least: 1,
    most: Infinity,
    describes: 'change settings while the node runs',
    details: ['NAME= alone takes a setting back to its default. All of them are changed, or none.'],
    examples: ['farebox config set MARGIN=10%', 'farebox config set BTC_USD='],
    run: (call) => applyNow(call, readAssignments(call.words)),
  }),
  cliCommand({
    name: 'config apply',
    arguments: '<file>',
    least: 1,
    describes: 'change settings to what a file says, after showing the difference',
    details: [
      'The file has lines NAME=value, as config export writes them; - is standard input. What it does not name stays as it is. All is changed, or nothing.',
    ],
    options: { ...YES_OPTION, 'dry-run': { describes: 'only show the difference' } },
    examples: ['farebox config apply node.env', 'farebox config apply node.env --dry-run'],
    run: applyFile,
  }),
  cliCommand({
    name: 'config export',
    describes: 'print the settings that differ from their defaults',
    details: ['The output is a file that config apply takes. Upstreams and their keys are not in it.'],
    options: { secrets: { describes: 'with secrets in the clear' } },
    examples: ['farebox config export > node.env'],
    run: async (call) => {
      const answer = await call.ask('config.export', { secrets: call.flag('secrets') })
      return show(call, answer, () => answer.text.trimEnd())
    },
  }),
  cliCommand({
    name: 'config egress',
    describes: 'every host that the node may contact, and why',
    examples: ['farebox config egress'],
    run: async (call) => {
      const answer = await call.ask('config.egress')
      return show(call, answer, () => egressTable(answer.contacts, call.screen))
    },
  }),
]

async function showSettings(call: CliCall): Promise<number> {
  const { settings, problems } = await call.ask('config.show')
  const names = call.words.map((name) => name.toUpperCase().replace(/^FAREBOX_/, ''))
  const unknown = names.find((name) => !settings.some((setting) => setting.name === name))
  if (unknown !== undefined) throw new UsageError(`There is no setting ${unknown}. See farebox config show.`)
  const wanted = names.length === 0 ? settings : settings.filter(({ name }) => names.includes(name))
  for (const problem of problems) call.screen.note(problem)
  return show(call, { settings: wanted, problems }, () =>
    names.length === 0
      ? settingTable(wanted, call.screen)
      : wanted.map((setting) => settingText(setting, call.screen)).join('\n\n'),
  )
}

function settingTable(settings: readonly Setting[], screen: Screen): string {
  const columns = [{ head: 'NAME' }, { head: 'VALUE', mayWrap: true }, { head: 'FROM' }]
  const rows = settings.map(({ name, value, origin }) => [
    name,
    value === null || value === '' ? ({ text: 'not set', style: 'faint' } as const) : value,
    origin,
  ])
  return renderTable(columns, rows, screen)
}

function settingText({ name, value, origin, isLocked, kind, describes }: Setting, screen: Screen): string {
  const locked = isLocked ? ', which no command can change' : ''
  const when =
    kind === 'live' ? 'Changes while the node runs.' : 'Is read at the start, from the environment.'
  return [
    screen.ink.bold(`FAREBOX_${name}`),
    `  ${value === null || value === '' ? 'not set' : printable(value)}  (${origin}${locked})`,
    ...wrap(`${describes} ${when}`, screen.width - 2).map((line) => `  ${line}`),
  ].join('\n')
}

/** `NAME=value` words. A secret is refused: on a command line, others can read it. @throws UsageError */
export function readAssignments(words: readonly string[]): Changes {
  const changes = new Map<string, string | null>()
  for (const word of words) {
    const [, name = '', value = ''] = /^(?:FAREBOX_)?([A-Za-z][A-Za-z0-9_]*)=(.*)$/s.exec(word) ?? []
    if (name === '') throw new UsageError(`"${word}" is not NAME=value.`)
    const upper = name.toUpperCase()
    if (definitions.some((setting) => setting.name === upper && setting.isSecret) && value !== '') {
      throw new UsageError(
        `${upper} is a secret, and others can read the command line. Write it in a file for config apply.`,
      )
    }
    changes.set(upper, value.trim() === '' ? null : value.trim())
  }
  return Object.fromEntries(changes)
}

async function applyFile(call: CliCall): Promise<number> {
  const [file = ''] = call.words
  const changes = readSettingsText(file === '-' ? await call.screen.readInput() : readFile(file))
  const preview = await call.ask('config.preview', { changes })
  if (call.flag('dry-run') || preview.changes.length === 0) {
    return show(call, preview, () => changeTable(preview.changes, call.screen))
  }
  if (call.flag('yes')) return applyNow(call, changes)
  if (!call.flag('json')) call.screen.out(changeTable(preview.changes, call.screen))
  await confirm(call, 'Change these settings?')
  const answer = await call.ask('config.apply', { changes })
  return show(call, answer, () => changed(answer.changes.length))
}

async function applyNow(call: CliCall, changes: Changes): Promise<number> {
  const answer = await call.ask('config.apply', { changes })
  return show(call, answer, () => changeTable(answer.changes, call.screen))
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    throw new UsageError(
      `The file ${file} ${code === 'ENOENT' ? 'is not there' : `cannot be read (${String(code)})`}.`,
    )
  }
}

function changed(count: number): string {
  return `${count} ${count === 1 ? 'setting' : 'settings'} changed.`
}

function changeTable(changes: readonly Change[], screen: Screen): string {
  if (changes.length === 0) return 'Nothing differs.'
  const columns = [{ head: 'NAME' }, { head: 'BEFORE', mayWrap: true }, { head: 'AFTER', mayWrap: true }]
  const rows = changes.map(({ name, from, to }) => [
    name,
    { text: from ?? 'not set', style: 'bad' as const },
    { text: to ?? 'default', style: 'good' as const },
  ])
  return renderTable(columns, rows, screen)
}

function egressTable(contacts: AdminAnswers['config.egress']['contacts'], screen: Screen): string {
  if (contacts.length === 0) return 'The node contacts nobody.'
  const columns = [
    { head: 'HOST', mayWrap: true },
    { head: 'FOR', mayWrap: true },
  ]
  const rows = contacts.map(({ host, reason }) => [host, reason])
  return renderTable(columns, rows, screen)
}
