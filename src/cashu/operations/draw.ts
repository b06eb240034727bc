import { argv } from 'node:process'
import { machine } from './machine.ts'

/** The table of states and events as Markdown, for the room's README. */
export function drawMachine(): string {
  const rows = Object.entries(machine).map(([state, { step, on, recover }]) => {
    const events = Object.entries(on).map(([event, next]) => `${event} → _${next}_`)
    return `| **${state}** | ${step} | ${events.join(', ')} | ${recover} |`
  })
  return [
    '| state | step | event → next state | after a restart |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

if (argv[1]?.endsWith('operations/draw.ts')) process.stdout.write(`${drawMachine()}\n`)
