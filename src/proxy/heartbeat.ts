import type { Delivered } from '../dialects/index.ts'
import { heartbeat, type Hold } from '../ledger/index.ts'
import type { Storage } from '../storage/index.ts'

const BEAT_MS = 5000

interface Watched {
  readonly delivered: () => Delivered | undefined
  saved: string | undefined
}

/** Saves every few seconds what running calls have delivered, all in one commit, so that a crash charges that. */
export class Heartbeat {
  readonly #storage: Storage
  readonly #watched = new Map<bigint, Watched>()
  readonly #timer: NodeJS.Timeout

  constructor(storage: Storage, { everyMs = BEAT_MS }: { everyMs?: number } = {}) {
    this.#storage = storage
    this.#timer = setInterval(() => void this.beat().catch(() => undefined), everyMs)
    this.#timer.unref()
  }

  /** How many calls are running. */
  get running(): number {
    return this.#watched.size
  }

  /** Begins to watch a call; the returned function ends it. */
  watch(hold: Hold, delivered: () => Delivered | undefined): () => void {
    this.#watched.set(hold.id, { delivered, saved: undefined })
    return () => void this.#watched.delete(hold.id)
  }

  async beat(): Promise<void> {
    const beats: { holdId: bigint; delivered: string }[] = []
    for (const [holdId, watched] of this.#watched) {
      const delivered = watched.delivered()
      const text = delivered && JSON.stringify(delivered)
      if (text === undefined || text === watched.saved) continue
      watched.saved = text
      beats.push({ holdId, delivered: text })
    }
    if (beats.length > 0) await this.#storage.transact((tx) => heartbeat(tx, beats))
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
