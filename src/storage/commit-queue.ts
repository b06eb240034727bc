import { DomainError } from '../lib/index.ts'
import { restartLog } from './checkpoint.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import type { Rider } from './rider.ts'
import { type Tx, closeTx } from './tx.ts'

interface Waiting {
  work: (tx: Tx) => Promise<unknown>
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const WORKS_PER_COMMIT = 512
/** How often a commit is put off by a turn of the event loop, and only while that brings more works to share it. */
const TURNS_TO_GATHER = 4

/**
 * Shared commits: the works that wait when the turn comes run one after another in one transaction; one fsync follows, and
 * only then does any of them resolve. A work that fails takes nothing down but itself: the transaction is undone and all
 * of them run again, each in a savepoint.
 */
export class CommitQueue {
  readonly #connection: SqliteConnection
  readonly #tx: Tx
  #waiting: Waiting[] = []
  #rider: Rider = () => undefined
  #isScheduled = false
  #mustRestartLog = false
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

  /** One rider is enough so far; a second takes the place of the first. */
  ride(rider: Rider): void {
    this.#rider = rider
  }

  /** Has the write-ahead log begun anew after the next commit. */
  restartLog(): void {
    this.#mustRestartLog = true
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#isScheduled) await this.transact(async () => undefined)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#gather({ seen: 1, turnsLeft: TURNS_TO_GATHER }))
  }

  #gather({ seen, turnsLeft }: { seen: number; turnsLeft: number }): void {
    const count = this.#waiting.length
    if (count <= seen || turnsLeft === 0) void this.#flush()
    else setImmediate(() => this.#gather({ seen: count, turnsLeft: turnsLeft - 1 }))
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, WORKS_PER_COMMIT)
    const outcomes = this.#broken ? batch.map(() => failed(this.#broken)) : await this.#commit(batch)
    this.#isScheduled = false
    if (this.#waiting.length > 0) this.#schedule()
    for (const [i, { settle }] of batch.entries()) settle(outcomes[i] ?? failed(this.#broken))
    if (!this.#mustRestartLog || this.#broken) return
    this.#mustRestartLog = false
    restartLog(this.#connection)
  }

  async #commit(batch: readonly Waiting[]): Promise<Outcome[]> {
    try {
      const outcomes = (await this.#tryAll(batch)) ?? (await this.#tryEach(batch))
      await this.#rider()?.(this.#tx)
      this.#commitNow()
      return outcomes
    } catch (error) {
      this.#undo()
      return batch.map(() => failed(error))
    }
  }

  /** The usual case, in which no work fails. Undefined, with everything undone, where one did. */
  async #tryAll(batch: readonly Waiting[]): Promise<Outcome[] | undefined> {
    this.#exec('BEGIN IMMEDIATE')
    const turn = new Turn()
    try {
      const outcomes: Outcome[] = []
      for (const { work } of batch) outcomes.push({ ok: true, value: await turn.run(work, this.#tx) })
      return outcomes
    } catch {
      this.#undo()
      return undefined
    } finally {
      turn.end()
    }
  }

  /** Each in a savepoint, which costs a copy of every page that a work touches first. */
  async #tryEach(batch: readonly Waiting[]): Promise<Outcome[]> {
    this.#exec('BEGIN IMMEDIATE')
    const turn = new Turn()
    const outcomes: Outcome[] = []
    for (const { work } of batch) outcomes.push(await this.#attempt(work, turn))
    turn.end()
    return outcomes
  }

  async #attempt(work: Waiting['work'], turn: Turn): Promise<Outcome> {
    this.#exec('SAVEPOINT work')
    try {
      const value = await turn.run(work, this.#tx)
      this.#exec('RELEASE work')
      return { ok: true, value }
    } catch (error) {
      this.#exec('ROLLBACK TO work')
      this.#exec('RELEASE work')
      return failed(error)
    }
  }

  #commitNow(): void {
    try {
      this.#exec('COMMIT')
    } catch (error) {
      throw this.#giveUp(error)
    }
  }

  // After a failed fsync the kernel may have dropped the pages it could not write, so trying again would lie.
  #giveUp(cause: unknown): DomainError {
    this.#broken = new DomainError(
      'storage_failed',
      'The database cannot be written. Restart the node after checking its disk.',
      {
        cause,
      },
    )
    this.#undo()
    return this.#broken
  }

  #undo(): void {
    if (this.#connection.isInTransaction) this.#exec('ROLLBACK')
  }

  #exec(sql: string): void {
    this.#connection.command(sql)
  }
}

/** Knows whether the event loop has moved on since it was made. */
class Turn {
  #isOver = false
  readonly #mark = setImmediate(() => {
    this.#isOver = true
  })

  async run(work: Waiting['work'], tx: Tx): Promise<unknown> {
    const value = await work(tx)
    if (this.#isOver) throw new Error('a transaction waited for something other than its stores')
    return value
  }

  end(): void {
    clearImmediate(this.#mark)
  }
}

function failed(error: unknown): Outcome {
  return { ok: false, error }
}
