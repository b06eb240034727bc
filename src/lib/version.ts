import { readFileSync } from 'node:fs'

/** package.json stands two folders up both from `src/lib` and from the built `dist/lib`. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const found: unknown = Object(manifest)['version']
  return typeof found === 'string' ? found : '0'
}

/** Farebox's own version, as in package.json. */
export const version: string = readVersion()
