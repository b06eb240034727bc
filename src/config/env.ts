import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { DomainError } from '../lib/index.ts'
import { ConfigError } from './config-error.ts'

/** Values by name, without the `FAREBOX_` prefix, from the environment or, below it, a `.env` file. */
export type Environment = ReadonlyMap<string, string>

const PREFIX = 'FAREBOX_'

/**
 * Reads every `FAREBOX_*` value. An empty one counts as not set. `NAME_FILE` is replaced by the text of the file it names.
 * This is the only place that reads the process environment.
 */
export function readEnvironment(dotEnvPath = '.env'): Environment {
  return collect({ ...readDotEnv(dotEnvPath), ...process.env })
}

function readDotEnv(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return {}
    throw new DomainError(
      'setting_invalid',
      `The file ${resolve(path)} cannot be read (${code}). Make it a file that the user Farebox runs as can read, or take it away.`,
      { cause: error },
    )
  }
}

export function collect(values: Readonly<Record<string, string | undefined>>): Environment {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith(PREFIX) && value?.trim()) found.set(name.slice(PREFIX.length), value.trim())
  }
  for (const [name, path] of Array.from(found)) {
    if (!name.endsWith('_FILE')) continue
    const target = name.slice(0, -'_FILE'.length)
    if (found.has(target))
      throw new ConfigError(name, `is set beside ${PREFIX}${target}. Keep one of the two.`)
    found.delete(name)
    found.set(target, readSecretFile(name, path))
  }
  return found
}

/** An empty file is no "not set": what is to be secret would be made up, or left out, without a word. */
function readSecretFile(name: string, path: string): string {
  const text = readText(name, path)
  if (text === '') {
    throw new ConfigError(
      name,
      `names the file ${path}, which is empty. Write the value into it, or take the setting away.`,
    )
  }
  return text
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const code = codeOf(error)
    throw new ConfigError(
      name,
      code === 'ENOENT'
        ? `names the file ${path}, which is not there.`
        : `names the file ${path}, which cannot be read (${code}). Make it a file that the user Farebox runs as can read.`,
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error ? String(Reflect.get(error, 'code') ?? error.message) : String(error)
}
