import type { CliCall } from './command.ts'
import { UsageError } from './errors.ts'

/** Prints an answer: as JSON where that was asked for, else as `lines` has it. @returns exit code 0 */
export function show(call: CliCall, answer: unknown, lines: () => string): number {
  call.screen.out(call.flag('json') ? JSON.stringify(answer, null, 2) : lines())
  return 0
}

/** Has somebody say yes, unless `--yes` says so. @throws UsageError where he does not, or nobody is there */
export async function confirm(call: CliCall, question: string): Promise<void> {
  if (call.flag('yes')) return
  if (!call.screen.isAttended) {
    throw new UsageError('Nothing was changed: nobody is here to say yes. Add --yes.')
  }
  const answer = await call.screen.ask(`${question} [y/N] `)
  if (!/^y(es)?$/i.test(answer)) throw new UsageError('Nothing was changed.')
}

export const YES_OPTION = { yes: { describes: 'do it without being asked' } }
