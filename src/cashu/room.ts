import type { Storage, Vault } from '../storage/index.ts'
import { assert, type Clock, type LogLine } from '../lib/index.ts'
import type { Mint } from './mint/mint.ts'

export type OnEvent = LogLine

/** What every part of the room works with. */
export interface Room {
  readonly storage: Storage
  readonly vault: Vault
  readonly clock: Clock
  readonly waitMs: number
  readonly onEvent: OnEvent
  /** The mints whose ecash is taken now. */
  readonly accepted: readonly string[]
  /** These, and those whose ecash was taken once; a mint never leaves while the node runs. */
  readonly mints: ReadonlyMap<string, Mint>
}

export function getMint(room: Room, url: string): Mint {
  const mint = room.mints.get(url)
  assert(mint, `mint ${url} is not open`)
  return mint
}
