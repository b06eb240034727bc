import { first } from './0001-first.ts'
import { operators } from './0002-operators.ts'
import type { Migration } from './migration.ts'

export type { Migration }

/** In the order they run. Append only. */
export const migrations: readonly Migration[] = [first, operators]
