import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigError } from './config-error.ts'

/** Values by name, without the `FAREBOX_` prefix, from the environment or, below it, a `.env` file. */
export type Environment = ReadonlyMap<string, string>

const PREFIX = 'FAREBOX_'

/**
 * Reads every `FAREBOX_*` value. An empty one counts as not set. `NAME_FILE` is replaced by the text of the file it names.
 * This is the only place that reads the process environment.
 */
export function readEnvironment(dotEnvPath = '.env'): Environment {
  const fromFile = existsSync(dotEnvPath) ? parseEnv(readFileSync(dotEnvPath, 'utf8')) : {}
  return collect({ ...fromFile, ...process.env })
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

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new ConfigError(name, `names the file ${path}, which cannot be read.`)
  }
}
