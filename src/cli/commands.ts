import type { CliCommand } from './command.ts'
import { configCommands } from './groups/config.ts'
import { doctorCommands } from './groups/doctor.ts'
import { keyCommands } from './groups/keys.ts'
import { modelCommands } from './groups/models.ts'
import { processCommands } from './groups/process.ts'
import { upstreamCommands } from './groups/upstreams.ts'

/** Every command there is, in the order of the help. The reference is written from this list. */
export const cliCommands: readonly CliCommand[] = [
  ...processCommands,
  ...configCommands,
  ...upstreamCommands,
  ...modelCommands,
  ...keyCommands,
  ...doctorCommands,
]
