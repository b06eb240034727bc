import { hash } from 'node:crypto'
import type { Answer, KeyedRequest } from './answers.ts'

const KEPT_MS = 10 * 60_000
const KEPT_BYTES_MAX = 64 * 1024 * 1024
const ENTRIES_MAX = 10_000

interface Twin {
  readonly answered: Promise<Answer | undefined>
  readonly settle: (answer: Answer | undefined) => void
  bytes: number
}

/**
 * Calls of SDKs that number their tries (`x-stainless-retry-count`): a try that was given up while the upstream worked is
 * joined by the next one, so that it is paid once. A whole answer whose caller hung up waits here, in memory, for ten minutes
 * at most, and goes to the first who comes for it.
 */
export class Twins {
  readonly #twins = new Map<string, Twin>()
  #bytes = 0

  /** Names a try by who pays, where and with what body; only its hash is kept. */
  static idOf({ credential, route, body }: Pick<KeyedRequest, 'credential' | 'route' | 'body'>): string {
    return hash('sha256', JSON.stringify([credential, route]), 'hex') + hash('sha256', body, 'hex')
  }

  /** The answer of an earlier try that runs or was not delivered; undefined where there is none. */
  async join(id: string): Promise<Answer | undefined> {
    const answer = await this.#twins.get(id)?.answered
    this.#forget(id)
    return answer
  }

  /** Begins a try. The returned function ends it: with its answer where nobody got it, with nothing where it was delivered. */
  begin(id: string): (undelivered: Answer | undefined) => void {
    if (this.#twins.size >= ENTRIES_MAX || this.#twins.has(id)) return () => undefined
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
    const twin: Twin = { answered: promise, settle: resolve, bytes: 0 }
    this.#twins.set(id, twin)
    return (undelivered) => this.#end(id, twin, undelivered)
  }

  #end(id: string, twin: Twin, undelivered: Answer | undefined): void {
    const bytes = undelivered?.body.length ?? 0
    twin.settle(undelivered)
    if (this.#twins.get(id) !== twin) return
    if (!undelivered || this.#bytes + bytes > KEPT_BYTES_MAX) {
      this.#twins.delete(id)
      return
    }
    twin.bytes = bytes
    this.#bytes += bytes
    setTimeout(() => this.#forget(id, twin), KEPT_MS).unref()
  }

  #forget(id: string, only?: Twin): void {
    const twin = this.#twins.get(id)
    if (!twin || (only && twin !== only)) return
    this.#twins.delete(id)
    this.#bytes -= twin.bytes
  }
}
