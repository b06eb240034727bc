import { DomainError } from '../lib/index.ts'
import { checkpoint } from './checkpoint.ts'
import { diskFault } from './engines/sqlite-error.ts'
import type { SqliteConnection } from './engines/sqlite.ts'
import type { Rider } from './rider.ts'
import { type Tx, closeTx } from './tx.ts'

interface Waiting {
  work: (tx: Tx) => Promise<unknown>
  settle: (outcome: Outcome) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

export interface CommitFigures {
  readonly commits: number
  readonly works: number
  readonly waiting: number
}

const WORKS_PER_COMMIT = 512
/** How often a commit is put off by a turn of the event loop, and only while that brings more works to share it. */
const TURNS_TO_GATHER = 4
/** Somebody has to look at the disk first. */
const RETRY_AFTER_S = 60

/**
 * Shared commits: the works that wait when the turn comes run one after another in one transaction; one fsync follows, and
 * only then does any of them resolve. A work that fails takes nothing down but itself: the transaction is undone and all
 * of them run again, each in a savepoint.
 */
export class CommitQueue {
  readonly #connection: SqliteConnection
  readonly #tx: Tx
  #waiting: Waiting[] = []
  #commits = 0
  #works = 0
  #rider: Rider = () => undefined
  #isScheduled = false
  #mustRestartLog = false
  #broken: DomainError | undefined
  #tell: (failure: DomainError) => void = () => undefined

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

  /** Told once, when a commit has failed. */
  onFailure(listener: (failure: DomainError) => void): void {
    this.#tell = listener
  }

  /** Why nothing is written any more. */
  get failure(): DomainError | undefined {
    return this.#broken
  }

  /** How many commits there were since the start and how many works shared them; how many works wait now. */
  get figures(): CommitFigures {
    return { commits: this.#commits, works: this.#works, waiting: this.#waiting.length }
  }

  /**
   * Has the write-ahead log copied to its end after the next commit, so that it is begun anew. Under a steady load it never
   * comes to an end by itself, and would fill the disk.
   */
  restartLog(): void {
    this.#mustRestartLog = true
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#isScheduled) await this.transact(async () => undefined).catch(() => undefined)
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
    checkpoint(this.#connection)
  }

  async #commit(batch: readonly Waiting[]): Promise<Outcome[]> {
    try {
      const outcomes = (await this.#tryAll(batch)) ?? (await this.#tryEach(batch))
      await this.#rider()?.(this.#tx)
      this.#commitNow()
      this.#commits += 1
      this.#works += batch.length
      return outcomes
    } catch (error) {
      const reason = isDiskTrouble(error) ? this.#giveUp(error) : this.#undoneOr(error)
      return batch.map(() => failed(reason))
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
    } catch (error) {
      if (isDiskTrouble(error)) throw error
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
    try {
      const outcomes: Outcome[] = []
      for (const { work } of batch) outcomes.push(await this.#attempt(work, turn))
      return outcomes
    } finally {
      turn.end()
    }
  }

  async #attempt(work: Waiting['work'], turn: Turn): Promise<Outcome> {
    this.#exec('SAVEPOINT work')
    try {
      const value = await turn.run(work, this.#tx)
      this.#exec('RELEASE work')
      return { ok: true, value }
    } catch (error) {
      // SQLite may have undone everything by itself; what comes after must not run outside a transaction.
      if (isDiskTrouble(error)) throw error
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
    if (this.#broken) return this.#broken
    this.#broken = new DomainError(
      'storage_failed',
      'The database cannot be written. Restart the node after checking its disk; what was under way is settled then, by what had been saved.',
      { cause, retryAfterS: RETRY_AFTER_S },
    )
    try {
      this.#undo()
    } catch {
      // What cannot be undone now is undone by the next start: it was never committed.
    }
    this.#tell(this.#broken)
    return this.#broken
  }

  /** The error itself, once what it left is undone. Where that cannot be, no later work may share the transaction. */
  #undoneOr(error: unknown): unknown {
    try {
      this.#undo()
      return error
    } catch (cause) {
      return this.#giveUp(cause)
    }
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

/** Whether an error tells that the disk did not do its part, so that no later commit can be trusted. */
function isDiskTrouble(error: unknown): boolean {
  const fault = diskFault(error)
  return fault !== undefined && fault !== 'busy'
}

function failed(error: unknown): Outcome {
  return { ok: false, error }
}
