/** Keeps replies waiting while it is held. */
export class Gate {
  #opened: Promise<void> | undefined
  #open: () => void = () => undefined
  #waiting = 0

  get waiting(): number {
    return this.#waiting
  }

  hold(): void {
    if (this.#opened) return
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  release(): void {
    this.#open()
    this.#opened = undefined
  }

  async pass(): Promise<void> {
    if (!this.#opened) return
    this.#waiting += 1
    await this.#opened
    this.#waiting -= 1
  }
}
