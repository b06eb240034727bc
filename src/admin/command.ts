import type { AdminAnswers, CommandName } from './answers.ts'
import type { AdminRooms } from './rooms.ts'

/** Something an operator can have done, from the command line or by HTTP on the private listener. */
export interface AdminCommand {
  readonly name: CommandName
  readonly describes: string
  /** Whether it changes nothing. */
  readonly isReading: boolean
  /** Checks what it is told, and does it. The answer is JSON. */
  run(rooms: AdminRooms, input: unknown): Promise<unknown>
}

interface Parts<N extends CommandName, Args> {
  readonly describes: string
  readonly isReading?: true
  readonly read: (input: unknown) => Args
  readonly run: (rooms: AdminRooms, args: Args) => AdminAnswers[N] | Promise<AdminAnswers[N]>
}

export function command<N extends CommandName, Args>(
  name: N,
  { describes, isReading, read, run }: Parts<N, Args>,
): AdminCommand {
  return {
    name,
    describes,
    isReading: isReading ?? false,
    run: async (rooms, input) => run(rooms, read(input)),
  }
}
