import { type CliCommand, type CliOption, COMMON_OPTIONS } from './command.ts'
import { wrap } from './screen/table.ts'

const INDENT = '  '

/** What `farebox --help` prints. */
export function renderHelp(commands: readonly CliCommand[], width: number): string {
  const options: [string, string][] = [
    ['--version', 'print the version'],
    ['--help', 'print this, or what a command takes'],
  ]
  return [
    'Usage: farebox [command]',
    '',
    list(commands.map(commandRow), width),
    '',
    list(options, width),
    '',
    ...wrap(
      'Settings come from FAREBOX_* in the environment, from .env, and from what config set and config apply keep. Every command that asks the node takes --json and --data-dir.',
      width,
    ),
  ].join('\n')
}

/** What the first word of several commands prints alone, as `farebox upstreams`. */
export function renderGroup(commands: readonly CliCommand[], group: string, width: number): string {
  const members = commands.filter(({ name }) => name.startsWith(`${group} `))
  return [`Usage: farebox ${group} <command>`, '', list(members.map(commandRow), width)].join('\n')
}

function commandRow({ name, arguments: words, describes }: CliCommand): [string, string] {
  return [`${name} ${words}`.trim(), describes]
}

/** What `farebox <command> --help` prints. */
export function renderCommandHelp(command: CliCommand, width: number): string {
  const { name, arguments: words, describes, details, options, examples, run } = command
  const own = Object.entries(options)
  const all = run === undefined ? own : [...own, ...Object.entries(COMMON_OPTIONS)]
  const sections = [
    [`Usage: farebox ${name} ${words}`.trim() + (all.length > 0 ? ' [options]' : '')],
    wrap(`${describes.charAt(0).toUpperCase()}${describes.slice(1)}.`, width),
    ...details.map((paragraph) => wrap(paragraph, width)),
    ...(all.length > 0 ? [[list(all.map(optionRow), width)]] : []),
    ...(examples.length > 0 ? [['Examples:', ...examples.map((line) => `${INDENT}${line}`)]] : []),
  ]
  return sections.map((lines) => lines.join('\n')).join('\n\n')
}

function optionRow([name, { value, describes }]: [string, CliOption]): [string, string] {
  return [`--${name}${value === undefined ? '' : ` ${value}`}`, describes]
}

const MOST_LEFT = 34

function list(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(MOST_LEFT, Math.max(...rows.map(([term]) => term.length)))
  return rows
    .flatMap(([term, describes]) => {
      const lines = wrap(describes, width - left - 2 * INDENT.length)
      const blank = `${INDENT}${' '.repeat(left)}${INDENT}`
      const [first = '', ...more] = lines
      const rest = more.map((line) => `${blank}${line}`)
      if (term.length > left) return [`${INDENT}${term}`, `${blank}${first}`, ...rest]
      return [`${INDENT}${term.padEnd(left)}${INDENT}${first}`, ...rest]
    })
    .join('\n')
}
