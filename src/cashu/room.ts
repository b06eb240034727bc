import type { Storage, Vault } from '../storage/index.ts'
import { assert, type Clock } from '../lib/index.ts'
import type { Mint } from './mint/mint.ts'

export type OnEvent = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** What every part of the room works with. */
export interface Room {
  readonly storage: Storage
  readonly vault: Vault
  readonly clock: Clock
  readonly waitMs: number
  readonly onEvent: OnEvent
  /** The mints whose ecash is taken. */
  readonly accepted: readonly string[]
  /** These, and those that were taken once and still hold coins or operations. */
  readonly mints: ReadonlyMap<string, Mint>
}

export function getMint(room: Room, url: string): Mint {
  const mint = room.mints.get(url)
  assert(mint, `mint ${url} is not open`)
  return mint
}
