import { type AdminAnswers, type CommandName, readControl } from '../../admin/index.ts'
import { DomainError } from '../../lib/index.ts'
import { askRunning, Unanswered } from './ask-running.ts'

/** A node's rooms, opened for a command while the node does not run. */
export interface OfflineNode extends AsyncDisposable {
  run(name: string, input: unknown): Promise<unknown>
}

interface NodeAccessOptions {
  readonly dataDir: string
  /** @throws DomainError `directory_locked` where a node runs after all */
  readonly openOffline: () => Promise<OfflineNode>
}

/** The way to the node of a data directory: the one that serves, or else its rooms in this process. */
export class NodeAccess implements AsyncDisposable {
  readonly #options: NodeAccessOptions
  #offline: OfflineNode | undefined

  constructor(options: NodeAccessOptions) {
    this.#options = options
  }

  /** @throws DomainError with the code that the command gave */
  async ask<N extends CommandName>(name: N, input: unknown): Promise<AdminAnswers[N]> {
    const json = await this.#answer(name, input)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the admin room of this version made it, here or behind HTTP
    return json as AdminAnswers[N]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#offline?.[Symbol.asyncDispose]()
  }

  async #answer(name: string, input: unknown): Promise<unknown> {
    const control = this.#offline === undefined ? readControl(this.#options.dataDir) : undefined
    if (control === undefined) return this.#askOffline(name, input)
    try {
      return await askRunning(control, name, input)
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      // A node that was killed leaves its file behind; the lock of the directory says whether one runs.
      return this.#askOffline(name, input)
    }
  }

  async #askOffline(name: string, input: unknown): Promise<unknown> {
    this.#offline ??= await this.#open()
    const answer: unknown = await this.#offline.run(name, input)
    return JSON.parse(JSON.stringify(answer ?? null))
  }

  async #open(): Promise<OfflineNode> {
    try {
      return await this.#options.openOffline()
    } catch (error) {
      if (error instanceof DomainError && error.code === 'directory_locked') throw this.#locked(error)
      throw error
    }
  }

  #locked(cause: DomainError): DomainError {
    const { dataDir } = this.#options
    const control = readControl(dataDir)
    const why =
      control === undefined
        ? 'has no private listener. Set FAREBOX_ADMIN_LISTEN=127.0.0.1:8081 and restart it, or stop it'
        : `does not answer at ${control.url}. Give the command where the node runs, in the same container`
    return new DomainError('node_out_of_reach', `A node runs on ${dataDir} and ${why}.`, { cause })
  }
}
