import { Worker } from 'node:worker_threads'

export type Encoding = 'o200k' | 'cl100k'

export interface CountRequest {
  readonly id: number
  readonly text: string
  readonly encoding: Encoding
}

export interface Count {
  readonly id: number
  readonly tokens: number
}

/** More text than this is not worth its time in the worker, nor are more callers at once. */
const TEXT_MAX = 2_000_000
const WAITING_MAX = 32

/** Counts tokens in a thread of its own, started by the first who asks. It is asked only by payers who are short. */
export class TokenCounter {
  readonly #waiting = new Map<number, (tokens: number | undefined) => void>()
  #worker: Worker | undefined
  #next = 0

  /** Tokens of a text, undefined where it is too long or too many wait; the caller then keeps his byte bound. */
  count(text: string, encoding: Encoding): Promise<number | undefined> {
    if (text.length > TEXT_MAX || this.#waiting.size >= WAITING_MAX) return Promise.resolve(undefined)
    const worker = (this.#worker ??= this.#start())
    this.#next += 1
    const request: CountRequest = { id: this.#next, text, encoding }
    return new Promise((resolve) => {
      this.#waiting.set(request.id, resolve)
      worker.postMessage(request)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#giveUp()
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./count-worker.${extension}`, import.meta.url))
    worker.unref()
    worker.on('message', ({ id, tokens }: Count) => {
      this.#waiting.get(id)?.(tokens)
      this.#waiting.delete(id)
    })
    worker.on('error', () => this.#giveUp())
    worker.on('exit', () => this.#giveUp())
    return worker
  }

  #giveUp(): void {
    this.#worker = undefined
    for (const resolve of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
  }
}
