import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { endCheckpoints, startCheckpoints } from './checkpoints.ts'
import { CommitQueue } from './commit-queue.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'
import { SqliteConnection } from './engines/sqlite.ts'
import { migrate } from './migrate.ts'
import type { Rider } from './rider.ts'
import { type Tx, closeTx } from './tx.ts'

/** The node's database: one writer, shared commits, reads on a connection of their own. */
export class Storage implements AsyncDisposable {
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #queue: CommitQueue
  readonly #lock: DirectoryLock
  readonly #checkpointStart: NodeJS.Timeout
  #checkpoints: Worker | undefined

  private constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.#lock = lockDirectory(dataDir)
    const path = join(dataDir, 'farebox.db')
    this.#writer = new SqliteConnection(path, { readonly: false })
    migrate(this.#writer)
    this.#reader = new SqliteConnection(path, { readonly: true })
    this.#queue = new CommitQueue(this.#writer)
    // Not at once: a process that ends while a thread of it loads the database's native part ends badly.
    this.#checkpointStart = setTimeout(() => {
      this.#checkpoints = startCheckpoints(path, () => this.#queue.restartLog())
    }, CHECKPOINT_START_MS)
    this.#checkpointStart.unref()
  }

  /**
   * Opens (or makes) the database in a directory and locks the directory.
   * @throws DomainError `directory_locked`, `schema_too_new`, `schema_changed`
   */
  static open(dataDir: string): Storage {
    return new Storage(dataDir)
  }

  /**
   * Runs a work in a transaction and resolves when it is on disk. The work awaits stores only, has no effect outside
   * them, and may be run twice.
   */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#queue.transact(work)
  }

  /**
   * Has something saved with every commit that others pay for: asked once at the end of a batch, so that what it saves is
   * true of that very commit. It awaits stores only; where it fails, the batch fails.
   */
  beforeCommit(rider: Rider): void {
    this.#queue.ride(rider)
  }

  /** Runs reads that see committed rows only. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return work(closeTx(this.#reader))
  }

  /** `PRAGMA synchronous` of each connection; 2 is FULL. */
  durability(): readonly number[] {
    return [this.#writer.synchronous(), this.#reader.synchronous()]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.drained()
    clearTimeout(this.#checkpointStart)
    if (this.#checkpoints) await endCheckpoints(this.#checkpoints)
    this.#reader.close()
    this.#writer.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    this.#writer.close()
    this.#lock.release()
  }
}

const CHECKPOINT_START_MS = 2000
