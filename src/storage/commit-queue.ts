import { DomainError } from '../lib/index.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import { type Tx, closeTx } from './tx.ts'

interface Waiting {
  work: (tx: Tx) => Promise<unknown>
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const WORKS_PER_COMMIT = 512

/**
 * Shared commits: the works that wait when the turn comes run one after another in one transaction, each in a savepoint;
 * one fsync follows, and only then does any of them resolve. A work that fails takes nothing down but itself.
 */
export class CommitQueue {
  readonly #connection: SqliteConnection
  readonly #tx: Tx
  #waiting: Waiting[] = []
  #isScheduled = false
  #broken: DomainError | undefined

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#tx = closeTx(connection)
  }

  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        work,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value is what this very work returned
        settle: (outcome) => (outcome.ok ? resolve(outcome.value as T) : reject(outcome.error)),
      })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#isScheduled) await this.transact(async () => undefined)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, WORKS_PER_COMMIT)
    const outcomes = this.#broken ? batch.map(() => failed(this.#broken)) : await this.#commit(batch)
    this.#isScheduled = false
    if (this.#waiting.length > 0) this.#schedule()
    for (const [i, { settle }] of batch.entries()) settle(outcomes[i] ?? failed(this.#broken))
  }

  async #commit(batch: readonly Waiting[]): Promise<Outcome[]> {
    try {
      this.#exec('BEGIN IMMEDIATE')
    } catch (error) {
      return batch.map(() => failed(error))
    }
    const turn = new Turn()
    const outcomes: Outcome[] = []
    for (const { work } of batch) outcomes.push(await this.#attempt(work, turn))
    turn.end()
    try {
      this.#exec('COMMIT')
      return outcomes
    } catch (error) {
      this.#giveUp(error)
      return batch.map(() => failed(this.#broken))
    }
  }

  async #attempt(work: Waiting['work'], turn: Turn): Promise<Outcome> {
    this.#exec('SAVEPOINT work')
    try {
      const value = await work(this.#tx)
      if (turn.isOver) throw new Error('a transaction waited for something other than its stores')
      this.#exec('RELEASE work')
      return { ok: true, value }
    } catch (error) {
      this.#exec('ROLLBACK TO work')
      this.#exec('RELEASE work')
      return failed(error)
    }
  }

  // After a failed fsync the kernel may have dropped the pages it could not write, so trying again would lie.
  #giveUp(cause: unknown): void {
    this.#broken = new DomainError(
      'storage_failed',
      'The database cannot be written. Restart the node after checking its disk.',
      {
        cause,
      },
    )
    if (this.#connection.database.inTransaction) this.#exec('ROLLBACK')
  }

  #exec(sql: string): void {
    this.#connection.allNow(sql, [])
  }
}

/** Knows whether the event loop has moved on since it was made. */
class Turn {
  isOver = false
  readonly #mark = setImmediate(() => {
    this.isOver = true
  })

  end(): void {
    clearImmediate(this.#mark)
  }
}

function failed(error: unknown): Outcome {
  return { ok: false, error }
}
