import { Writable } from 'node:stream'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { UsageError } from '../errors.ts'
import { colourInk, plainInk } from './ink.ts'
import type { Screen } from './screen.ts'

const USUAL_WIDTH = 80
const [LEAST_WIDTH, MOST_WIDTH] = [60, 140]

/** The terminal, pipe or file that this process writes to. */
export function processScreen(): Screen {
  const { stdin, stdout } = process
  // A reader who went away (`farebox models list | head`) has read enough.
  stdout.on('error', () => undefined)
  // Some terminals say 0.
  const width = stdout.columns || USUAL_WIDTH
  return {
    ink: stdout.isTTY && stdout.hasColors() ? colourInk : plainInk,
    width: Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width)),
    isAttended: stdin.isTTY && process.stderr.isTTY,
    out: (line) => void stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    ask: (question) => ask(question, process.stderr),
    askUnseen: async (question) => {
      const answer = await ask(question, new Writable({ write: (_chunk, _encoding, done) => done() }))
      process.stderr.write('\n')
      return answer
    },
    readInput: () => text(stdin),
  }
}

/** Questions go to stderr, so that an answer in a pipe stays clean; what is typed is echoed to `echo`. */
async function ask(question: string, echo: NodeJS.WritableStream): Promise<string> {
  // The terminal stops echoing by itself here, so nobody is asked before.
  const lines = createInterface({ input: process.stdin, output: echo, terminal: true })
  const gone = new AbortController()
  lines.once('SIGINT', () => gone.abort())
  lines.once('close', () => gone.abort())
  try {
    if (echo !== process.stderr) process.stderr.write(question)
    return (await lines.question(question, { signal: gone.signal })).trim()
  } catch {
    throw new UsageError('Nothing was answered, so nothing was changed.')
  } finally {
    lines.close()
  }
}
