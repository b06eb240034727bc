import { renderDoctor } from '../../admin/index.ts'
import { show } from '../answer.ts'
import { cliCommand } from '../command.ts'
import { printable } from '../screen/table.ts'

export const doctorCommands = [
  cliCommand({
    name: 'doctor',
    describes: 'look at everything that a node needs to work',
    details: [
      'It looks at the clock, the disk, the database, the mints, the price of bitcoin, the upstreams (one token each, which costs next to nothing) and the public address, and names a cure for what it finds. Exit code 1 when a check failed.',
    ],
    examples: ['farebox doctor'],
    run: async (call) => {
      const report = await call.ask('doctor')
      show(call, report, () => printable(renderDoctor(report)))
      return report.ok ? 0 : 1
    },
  }),
]
