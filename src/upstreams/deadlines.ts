import { performance } from 'node:perf_hooks'

/** Something that must be looked at now and then. `now` is monotonic milliseconds. */
export interface Watched {
  /** Its place, kept by `Deadlines`. */
  slot: number
  check(now: number): void
}

/**
 * One timer for all open calls: starting, feeding and ending a call costs no timer of its own. A deadline is noticed
 * at most one tick late. The calls stand in an array that is reused: a `Set` grows a new table every few calls, and the
 * dead tables carry ended calls into the old generation; measured, that cost a third more CPU per call.
 */
export class Deadlines {
  readonly #slots: (Watched | undefined)[] = []
  #count = 0
  readonly #timer: NodeJS.Timeout

  constructor(tickMs: number) {
    this.#timer = setInterval(() => this.#sweep(), tickMs).unref()
  }

  add(watched: Watched): void {
    watched.slot = this.#count
    this.#slots[this.#count] = watched
    this.#count += 1
  }

  delete(watched: Watched): void {
    if (this.#slots[watched.slot] !== watched) return
    this.#count -= 1
    const last = this.#slots[this.#count]
    if (last) last.slot = watched.slot
    this.#slots[watched.slot] = last
    this.#slots[this.#count] = undefined
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Backwards, since a call that ends now gives its place to the last. */
  #sweep(): void {
    const now = performance.now()
    for (let i = this.#count - 1; i >= 0; i -= 1) this.#slots[i]?.check(now)
  }
}
