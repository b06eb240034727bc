/** Looks for a word in the events of one text, one after another, and never reads a stretch of it twice. */
export class Needle {
  readonly #word: string
  #at = -1

  constructor(word: string) {
    this.#word = word
  }

  /** Begins a new text. */
  reset(): void {
    this.#at = -1
  }

  /** Where the word stands first from `from` on, if that is before `to`; else -1. `from` must not go back. */
  find(text: string, from: number, to: number): number {
    if (this.#at < from) {
      const at = text.indexOf(this.#word, from)
      this.#at = at < 0 ? Infinity : at
    }
    return this.#at < to ? this.#at : -1
  }
}
