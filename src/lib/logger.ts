import { pino } from 'pino'

export type LogLine = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** One JSON line an event on stdout: `event`, `time` and facts. Errors are written as name, code and stack, nothing they carry besides. */
export function openLog(level: string): LogLine {
  const log = pino({ level, base: null, messageKey: 'event', serializers: { error: errorFacts } })
  return (event, fields) =>
    fields['error'] === undefined ? log.info(fields, event) : log.error(fields, event)
}

function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error }
  const code: unknown = Reflect.get(error, 'code')
  return { name: error.name, code, stack: error.stack?.split('\n').slice(1, 8).join('\n') }
}
