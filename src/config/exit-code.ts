import { DomainError } from '../lib/index.ts'

/** As in sysexits.h (EX_CONFIG): starting again changes nothing until somebody has changed a setting or a file it names. */
const EXIT_CONFIG = 78
const EXIT_OTHER = 1

const OF_CONFIGURATION = [
  /^setting_/,
  /^node_key_(invalid|unreadable|missing|foreign)$/,
  /^upstream_invalid$/,
  /^price_(list_unknown|file_invalid)$/,
  /^data_dir_invalid$/,
  /^listen_invalid$/,
]

/** What the process ends with after a start, or a command, that failed with this. */
export function exitCodeFor(error: unknown): number {
  const code = error instanceof DomainError ? error.code : ''
  return OF_CONFIGURATION.some((pattern) => pattern.test(code)) ? EXIT_CONFIG : EXIT_OTHER
}
