const NOTHING = Buffer.alloc(0)

/** Collects what may pass of a piece of a stream. As long as it is one stretch of it, no byte is copied. */
export class Outgoing {
  readonly #data: Buffer
  readonly #pieces: Buffer[] = []
  #from = 0
  #to = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  pass(from: number, to: number): void {
    if (from !== this.#to) {
      this.#flush()
      this.#from = from
    }
    this.#to = to
  }

  add(bytes: Buffer): void {
    this.#flush()
    this.#pieces.push(bytes)
  }

  take(): Buffer {
    this.#flush()
    const [first] = this.#pieces
    if (first === undefined) return NOTHING
    return this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces)
  }

  #flush(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#data.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
}
