import { DomainError } from '../../lib/index.ts'
import type { AdminCommand } from '../command.ts'
import type { AdminRooms } from '../rooms.ts'
import { configCommands } from './config.ts'
import { doctorCommands } from './doctor.ts'
import { keyCommands } from './keys.ts'
import { modelCommands } from './models.ts'
import { upstreamCommands } from './upstreams.ts'

/** Everything that an operator can have done. */
export const adminCommands: readonly AdminCommand[] = [
  ...configCommands,
  ...upstreamCommands,
  ...modelCommands,
  ...keyCommands,
  ...doctorCommands,
]

const byName: ReadonlyMap<string, AdminCommand> = new Map(adminCommands.map((each) => [each.name, each]))

/**
 * Runs one command on what it is told, which may be anything.
 * @throws DomainError `command_unknown`, `command_invalid`, or what the rooms have to say
 */
export async function runCommand(rooms: AdminRooms, name: string, input: unknown): Promise<unknown> {
  const found = byName.get(name)
  if (found === undefined) {
    throw new DomainError(
      'command_unknown',
      `There is no command ${name.slice(0, 60)}. There are ${[...byName.keys()].join(', ')}.`,
    )
  }
  return found.run(rooms, input)
}
