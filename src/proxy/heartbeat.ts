import type { Delivered } from '../dialects/index.ts'
import { heartbeat, type Hold } from '../ledger/index.ts'
import type { Storage } from '../storage/index.ts'

const BEAT_MS = 5000

interface Watched {
  readonly holdId: bigint
  readonly delivered: () => Delivered | undefined
  saved: string | undefined
  /** Its place in the list. */
  slot: number
}

/**
 * Saves every few seconds what running calls have delivered, all in one commit, so that a crash charges that. The calls
 * stand in an array that is reused: a `Map` grows a new table every few calls, which is dear on the hot path.
 */
export class Heartbeat {
  readonly #storage: Storage
  readonly #watched: (Watched | undefined)[] = []
  #count = 0
  readonly #timer: NodeJS.Timeout

  constructor(storage: Storage, { everyMs = BEAT_MS }: { everyMs?: number } = {}) {
    this.#storage = storage
    this.#timer = setInterval(() => void this.beat().catch(() => undefined), everyMs)
    this.#timer.unref()
  }

  /** How many calls are running. */
  get running(): number {
    return this.#count
  }

  /** Begins to watch a call; the returned function ends it. */
  watch(hold: Hold, delivered: () => Delivered | undefined): () => void {
    const watched: Watched = { holdId: hold.id, delivered, saved: undefined, slot: this.#count }
    this.#watched[this.#count] = watched
    this.#count += 1
    return () => this.#forget(watched)
  }

  async beat(): Promise<void> {
    const beats: { holdId: bigint; delivered: string }[] = []
    for (let i = 0; i < this.#count; i += 1) {
      const watched = this.#watched[i]
      const delivered = watched?.delivered()
      const text = delivered && JSON.stringify(delivered)
      if (!watched || text === undefined || text === watched.saved) continue
      watched.saved = text
      beats.push({ holdId: watched.holdId, delivered: text })
    }
    if (beats.length > 0) await this.#storage.transact((tx) => heartbeat(tx, beats))
  }

  /** The last call takes the place of the one that ended. */
  #forget(watched: Watched): void {
    if (this.#watched[watched.slot] !== watched) return
    this.#count -= 1
    const last = this.#watched[this.#count]
    if (last) last.slot = watched.slot
    this.#watched[watched.slot] = last
    this.#watched[this.#count] = undefined
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
