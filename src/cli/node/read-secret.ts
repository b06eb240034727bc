import { readFileSync } from 'node:fs'
import type { CliCall, CliOption } from '../command.ts'
import { UsageError } from '../errors.ts'

/** How a secret is given: never as an argument, which every program on the machine can read. */
export const SECRET_OPTIONS: Readonly<Record<string, CliOption>> = {
  'key-file': { value: 'FILE', describes: 'read the key from a file' },
  'key-stdin': { describes: 'read the key from standard input' },
}

/** The secret that was given in one of these ways; undefined where in none. @throws UsageError */
export async function readGivenSecret(call: CliCall): Promise<string | undefined> {
  const file = call.text('key-file')
  const isInput = call.flag('key-stdin')
  if (file !== undefined && isInput) throw new UsageError('Give --key-file or --key-stdin, not both.')
  if (file !== undefined) return oneLine(readFile(file), file)
  return isInput ? oneLine(await call.screen.readInput(), 'standard input') : undefined
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${String(code)})`
    throw new UsageError(`The file ${file} ${why}.`)
  }
}

function oneLine(text: string, from: string): string {
  const key = text.trim()
  if (key === '') throw new UsageError(`There is no key in ${from}.`)
  if (/\s/.test(key)) throw new UsageError(`There is more than a key in ${from}.`)
  return key
}
