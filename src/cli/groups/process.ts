import { cliCommand } from '../command.ts'

/** What `bin/farebox.js` starts by itself; here for the help. */
export const processCommands = [
  cliCommand({
    name: 'start',
    describes: 'run the node (the default)',
    details: [
      'Without settings the node starts, contacts nobody, and says what it still needs. SIGTERM and Ctrl-C let running answers finish; a second one cuts them, and settles what was delivered.',
    ],
    examples: ['farebox start', 'FAREBOX_LISTEN=0.0.0.0:8080 farebox start'],
  }),
  cliCommand({
    name: 'demo',
    describes: 'a node on play money: a receipt, then a live node to try',
    options: {
      once: { describes: 'end after the receipt; exit code 0 only if the books balance' },
      json: { describes: 'print one line {"baseUrl","mintUrl","token","model"} and stay up' },
    },
    examples: ['farebox demo', 'farebox demo --once'],
  }),
]
