import { exitCodeFor } from '../config/index.ts'
import { DomainError } from '../lib/index.ts'

const EXIT_USAGE = 2

/** The command line itself is wrong: a sentence that says what to write. */
export class UsageError extends DomainError {
  constructor(sentence: string) {
    super('usage', sentence)
  }
}

/** 2 for a wrong command line, 78 for a wrong setting (sysexits' EX_CONFIG), 1 for everything else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DomainError && USAGE.has(error.code)) return EXIT_USAGE
  return exitCodeFor(error)
}

/** A command refuses what it is told by the second of these; what it was told came from the command line. */
const USAGE: ReadonlySet<string> = new Set(['usage', 'command_invalid'])

/** What went wrong, as one sentence; what we did not foresee with its stack, for a report. */
export function sentenceOf(error: unknown): string {
  if (error instanceof DomainError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
