interface RepeatOptions {
  /** One look. May reject; the next one comes all the same. */
  readonly work: () => Promise<void>
  /** Whether there is anything to look for; asked before each look. */
  readonly isWanted: () => boolean
  readonly failed: (error: unknown) => void
}

/** While nothing is wanted, this often it is asked whether something is. */
const IDLE_MS = 3000

/** Looks again and again, a third earlier or later each time, so that nodes that started together do not ask together. */
export class Repeat {
  readonly #options: RepeatOptions
  #everyMs = 0
  #timer: NodeJS.Timeout | undefined
  #isRunning = false

  constructor(options: RepeatOptions) {
    this.#options = options
  }

  /** Looks at once, and then about every `everyMs`. Does not keep the process alive. */
  start(everyMs: number): void {
    this.#everyMs = everyMs
    this.#isRunning = true
    this.#schedule(0)
  }

  /** Has the next look now, where looks are taken at all. */
  wake(): void {
    if (this.#isRunning) this.#schedule(0)
  }

  stop(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#options.isWanted()) void this.#look()
      else this.#schedule(IDLE_MS)
    }, delayMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    await this.#options.work().catch(this.#options.failed)
    if (this.#isRunning) this.#schedule(this.#everyMs * (2 / 3 + (Math.random() * 2) / 3))
  }
}
