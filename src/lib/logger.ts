import { pino } from 'pino'
import { type EventLevel, type EventName, EVENTS } from './events.ts'

export interface LogLine {
  (event: EventName, fields: Readonly<Record<string, unknown>>): void
  /** Whether nothing is written of an event, so that who has many of them need not put together what nobody reads. */
  readonly skips?: (event: EventName) => boolean
}

const LEVELS = new Map(EVENTS.map(({ name, level }) => [name, level]))
const SENTENCE_MAX = 500

/**
 * One JSON line an event on stdout: `event`, `level`, `time` and facts. Errors are written as name, code and stack, nothing
 * they carry besides; a sentence in the place of an error as it is.
 */
export function openLog(level: string): LogLine {
  const log = pino({
    level,
    base: null,
    messageKey: 'event',
    formatters: { level: (name) => ({ level: name }) },
    serializers: { error: errorFacts },
  })
  const line = (event: EventName, fields: Readonly<Record<string, unknown>>): void =>
    log[levelOf(event)](fields, event)
  return Object.assign(line, { skips: (event: EventName) => !log.isLevelEnabled(levelOf(event)) })
}

function levelOf(event: EventName): EventLevel {
  return LEVELS.get(event) ?? 'info'
}

function errorFacts(error: unknown): unknown {
  if (typeof error === 'string') return error.slice(0, SENTENCE_MAX)
  if (!(error instanceof Error)) return { name: typeof error }
  const code: unknown = Reflect.get(error, 'code')
  return { name: error.name, code, stack: error.stack?.split('\n').slice(1, 8).join('\n') }
}
