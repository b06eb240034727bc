import { parseArgs } from 'node:util'
import { type CliCommand, type CliOption, COMMON_OPTIONS } from './command.ts'
import { UsageError } from './errors.ts'

export interface ParsedLine {
  readonly words: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | undefined>>
}

/** The command that a line begins with, and the rest of it; undefined where there is none. */
export function findCommand(
  commands: readonly CliCommand[],
  args: readonly string[],
): { command: CliCommand; rest: readonly string[] } | undefined {
  const [first = '', second = ''] = args
  const two = commands.find(({ name }) => name === `${first} ${second}`)
  if (two !== undefined) return { command: two, rest: args.slice(2) }
  const one = commands.find(({ name }) => name === first)
  return one && { command: one, rest: args.slice(1) }
}

/** @throws UsageError */
export function parseLine(command: CliCommand, rest: readonly string[]): ParsedLine {
  const { values, positionals } = parse(command, rest)
  const { least, most, name } = command
  if (values['help'] === true) return { words: positionals, values }
  if (positionals.length < least) {
    const expected = `farebox ${[name, command.arguments].join(' ').trim()}`
    throw new UsageError(
      `farebox ${name} needs ${least === 1 ? 'an argument' : 'more arguments'}: ${expected}`,
    )
  }
  if (positionals.length > most) {
    const extra = positionals.slice(most).join(' ')
    throw new UsageError(`"${extra}" is too much for farebox ${name}. ${seeHelp(command)}`)
  }
  return { words: positionals, values }
}

function parse(
  command: CliCommand,
  rest: readonly string[],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const all = { ...command.options, ...COMMON_OPTIONS }
  try {
    return parseArgs({ args: [...rest], options: optionsOf(all), allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${wrong(error, all)} ${seeHelp(command)}`)
  }
}

function optionsOf(options: Readonly<Record<string, CliOption>>): Record<string, ParseOption> {
  const parsed = Object.entries(options).map(([name, { value }]): [string, ParseOption] => [
    name,
    { type: value === undefined ? 'boolean' : 'string', ...(name === 'help' && { short: 'h' }) },
  ])
  return Object.fromEntries(parsed)
}

interface ParseOption {
  type: 'boolean' | 'string'
  short?: string
}

/** `parseArgs` says it in a sentence or two of its own; the first one names the option. */
function wrong(error: unknown, options: Readonly<Record<string, CliOption>>): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  const said = error instanceof Error ? error.message : String(error)
  const option = /'(-[^' ]*)/.exec(said)?.[1] ?? ''
  if (option === '--key' && options['key-file'] !== undefined) {
    return 'A key is no argument, because others can read those: give it by --key-file FILE or --key-stdin.'
  }
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `There is no option ${option} here.`
  const value = options[option.replace(/^--/, '')]?.value
  if (value === undefined) return `The option ${option} takes no value.`
  return `The option ${option} needs a value: ${option} ${value}.`
}

function seeHelp({ name }: CliCommand): string {
  return `See farebox ${name} --help.`
}
