import type { AdminAnswers, CommandName } from '../admin/index.ts'
import type { Screen } from './screen/screen.ts'

export interface CliOption {
  /** How its value is called in the help; undefined for one without a value. */
  readonly value?: string
  readonly describes: string
}

/** A command as `farebox --help` and the reference show it. */
export interface CliCommand {
  /** One or two words, as `upstreams add`. */
  readonly name: string
  /** What may follow them, as `<name>`; `[…]` may be left out, `…` repeated. */
  readonly arguments: string
  /** One line. */
  readonly describes: string
  /** What else there is to know, as paragraphs. */
  readonly details: readonly string[]
  /** By name, without the dashes. Those that every command has are not in it. */
  readonly options: Readonly<Record<string, CliOption>>
  readonly examples: readonly string[]
  /** How many arguments there may be. */
  readonly least: number
  readonly most: number
  /** Undefined for what is no question to a node: `start` and `demo`. */
  readonly run: ((call: CliCall) => Promise<number>) | undefined
}

/** One line that was typed, and what it needs to be answered. */
export interface CliCall {
  /** The arguments. */
  readonly words: readonly string[]
  /** The value of an option. */
  text(option: string): string | undefined
  /** Whether an option without a value was given. */
  flag(option: string): boolean
  readonly screen: Screen
  /** Has the node run a command: the one that serves, or else its rooms, opened for this. */
  ask<N extends CommandName>(name: N, input?: unknown): Promise<AdminAnswers[N]>
}

type Optional = 'arguments' | 'details' | 'options' | 'examples' | 'least' | 'most' | 'run'

/** A command from what is particular of it. */
export function cliCommand(
  parts: Omit<CliCommand, Optional> & Partial<Pick<CliCommand, Optional>>,
): CliCommand {
  const most = parts.most ?? parts.least ?? 0
  return { arguments: '', details: [], options: {}, examples: [], least: 0, run: undefined, ...parts, most }
}

/** What every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, CliOption>> = {
  'data-dir': { value: 'DIR', describes: 'the node’s data directory; else FAREBOX_DATA_DIR, else ./data' },
  json: { describes: 'print the answer as JSON' },
  help: { describes: 'print what the command takes' },
}
