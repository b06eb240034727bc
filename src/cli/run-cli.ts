import { resolve } from 'node:path'
import type { CliCall, CliCommand } from './command.ts'
import { cliCommands } from './commands.ts'
import { exitCodeOf, sentenceOf, UsageError } from './errors.ts'
import { renderCommandHelp, renderGroup, renderHelp } from './help.ts'
import { NodeAccess, type OfflineNode } from './node/node-access.ts'
import { findCommand, parseLine, type ParsedLine } from './parse.ts'
import type { Screen } from './screen/screen.ts'

interface CliParts {
  readonly screen: Screen
  /** The data directory where the line names none. @throws DomainError `setting_invalid` */
  readonly usualDataDir: () => string
  /** Opens a node's rooms in this process. */
  readonly openOffline: (dataDir: string) => Promise<OfflineNode>
}

/** Carries out one command line, and says on stderr in one sentence what went wrong. @returns the exit code */
export async function runCli(args: readonly string[], parts: CliParts): Promise<number> {
  try {
    return await carryOut(args, parts)
  } catch (error) {
    parts.screen.note(sentenceOf(error))
    return exitCodeOf(error)
  }
}

async function carryOut(args: readonly string[], parts: CliParts): Promise<number> {
  const { screen } = parts
  const found = findCommand(cliCommands, args)
  if (found === undefined) return withoutCommand(args, screen)
  const { command, rest } = found
  const line = parseLine(command, rest)
  if (line.values['help'] === true || command.run === undefined) {
    screen.out(renderCommandHelp(command, screen.width))
    return 0
  }
  const given = line.values['data-dir']
  const dataDir = typeof given === 'string' ? resolve(given) : parts.usualDataDir()
  await using access = new NodeAccess({ dataDir, openOffline: () => parts.openOffline(dataDir) })
  return await command.run(callFor(line, screen, access))
}

function callFor({ words, values }: ParsedLine, screen: Screen, access: NodeAccess): CliCall {
  return {
    words,
    screen,
    text: (option) => {
      const value = values[option]
      return typeof value === 'string' ? value : undefined
    },
    flag: (option) => values[option] === true,
    ask: (name, input) => access.ask(name, input ?? {}),
  }
}

/** No line at all, a wish for help, the first word of several commands, or nonsense. */
function withoutCommand(args: readonly string[], screen: Screen): number {
  const [first = '--help', second] = args
  if (/^(-h|--help|help)$/.test(first)) {
    const named: CliCommand | undefined = findCommand(cliCommands, args.slice(1))?.command
    screen.out(named ? renderCommandHelp(named, screen.width) : renderHelp(cliCommands, screen.width))
    return 0
  }
  const isGroup = cliCommands.some(({ name }) => name.startsWith(`${first} `))
  if (isGroup && second === undefined) throw new UsageError(renderGroup(cliCommands, first, screen.width))
  if (isGroup && /^(-h|--help)$/.test(second ?? '')) {
    screen.out(renderGroup(cliCommands, first, screen.width))
    return 0
  }
  const said = isGroup ? `${first} ${second ?? ''}` : first
  throw new UsageError(`There is no command "${said}". See farebox --help.`)
}
