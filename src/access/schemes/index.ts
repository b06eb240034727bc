import type { Scheme } from '../scheme.ts'
import { apiKey } from './api-key/scheme.ts'
import { ecashKey } from './ecash-key/scheme.ts'
import { oneShot } from './one-shot/scheme.ts'
import type { SchemeParts } from './parts.ts'

/** Every way to pay, in the order in which a request with several credentials is read. */
const makers: readonly ((parts: SchemeParts) => Scheme)[] = [oneShot, apiKey, ecashKey]

export function makeSchemes(parts: SchemeParts): readonly Scheme[] {
  return makers.map((make) => make(parts))
}
