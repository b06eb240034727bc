import { type Hold, saveDeparture } from '../ledger/index.ts'
import type { Storage } from '../storage/index.ts'

/**
 * Knows which replies are paid for and have not left. The list is saved with every commit that finds it changed, the one
 * that settles a call included: after a crash the charges on it are given back (`returns.ts`). A reply that left moments
 * before may be on it still, so a crash may give the last answers away, but never charges for one that nobody got.
 */
export class Departures {
  readonly #storage: Storage
  readonly #boot: string
  readonly #waiting = new Set<bigint>()
  #isSaved = true

  constructor(storage: Storage, boot: string) {
    this.#storage = storage
    this.#boot = boot
    storage.beforeCommit(() => {
      if (this.#isSaved) return undefined
      this.#isSaved = true
      return (tx) => saveDeparture(tx, this.#boot, this.#waiting)
    })
  }

  /** Before a call is settled of which nothing has left yet. */
  expect({ id }: Pick<Hold, 'id'>): void {
    this.#waiting.add(id)
    this.#isSaved = false
  }

  /** Its reply has been handed over, or there is none to wait for. */
  left({ id }: Pick<Hold, 'id'>): void {
    if (this.#waiting.delete(id)) this.#isSaved = false
  }

  /** Saves what no commit has taken along yet. */
  async flush(): Promise<void> {
    if (!this.#isSaved) await this.#storage.transact(async () => undefined)
  }
}
