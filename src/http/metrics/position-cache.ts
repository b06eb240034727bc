import { type Position, position } from '../../ledger/index.ts'
import { SingleFlight } from '../../lib/index.ts'
import type { Storage } from '../../storage/index.ts'

/** It looks at every account, so however often the metrics are asked for, not more often than this. */
const KEPT_MS = 30_000

/** The node's position, a short while old at most. */
export class PositionCache {
  readonly #storage: Storage
  readonly #keptMs: number
  readonly #flights = new SingleFlight<Position>()
  #last: { readonly at: number; readonly position: Position } | undefined

  constructor(storage: Storage, keptMs = KEPT_MS) {
    this.#storage = storage
    this.#keptMs = keptMs
  }

  async get(): Promise<Position> {
    const last = this.#last
    if (last && performance.now() - last.at < this.#keptMs) return last.position
    return this.#flights.run('', async () => {
      const fresh = await this.#storage.read(position)
      this.#last = { at: performance.now(), position: fresh }
      return fresh
    })
  }
}
