import type { Server } from 'node:http'

/** What the public server counts of its connections. */
export class DoorFigures {
  #server: Server | undefined
  /** Closed unread because there were too many. */
  dropped = 0
  /** Refused before Express saw a request, by code. */
  readonly rejected = new Map<string, number>()

  watch(server: Server): void {
    this.#server = server
  }

  reject(code: string): void {
    this.rejected.set(code, (this.rejected.get(code) ?? 0) + 1)
  }

  open(): Promise<number> {
    return new Promise((resolve) => {
      if (!this.#server?.listening) resolve(0)
      else this.#server.getConnections((error, count) => resolve(error ? 0 : count))
    })
  }
}
