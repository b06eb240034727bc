import { EVENTS } from '../../src/lib/index.ts'
import { code, generatedBy, page, table } from './markdown.ts'

/** reference/events.md: every event that the log can have. */
export function eventsPage(): string {
  return page(
    generatedBy('src/lib/events.ts'),
    '# Events of the log',
    'The log is one JSON line an event on standard output: `level`, `time` (milliseconds since 1970), `event`, and the facts named below. ' +
      'At the start a few lines for people stand among them, in plain words (`Farebox listens on …`, `Not selling yet: …`). ' +
      'No prompt, answer, ecash, key or address of a caller is ever in it. ' +
      '`FAREBOX_LOG_LEVEL` says from which level on events are written.',
    table(
      ['event', 'level', 'when, and what stands beside it'],
      EVENTS.map(({ name, level, describes }) => [code(name), level, describes]),
    ),
  )
}
