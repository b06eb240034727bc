import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { DomainError } from '../lib/index.ts'
import { listCopies } from './backup.ts'
import { endCheckpoints, startCheckpoints } from './checkpoints.ts'
import { type CommitFigures, CommitQueue } from './commit-queue.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'
import { SqliteConnection } from './engines/sqlite.ts'
import { explainDisk } from './disk-trouble.ts'
import { migrate, type Upgrade } from './migrate.ts'
import type { Rider } from './rider.ts'
import { type Tx, closeTx } from './tx.ts'

/** The node's database: one writer, shared commits, reads on a connection of their own. */
export class Storage implements AsyncDisposable {
  /** What this start changed of the schema; undefined where that was nothing. */
  readonly upgrade: Upgrade | undefined
  readonly #path: string
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #queue: CommitQueue
  readonly #lock: DirectoryLock
  readonly #checkpointStart: NodeJS.Timeout
  #checkpoints: Worker | undefined

  private constructor(path: string, lock: DirectoryLock) {
    this.#path = path
    this.#lock = lock
    this.#writer = new SqliteConnection(path, { readonly: false })
    try {
      this.upgrade = migrate(this.#writer, path)
      this.#reader = new SqliteConnection(path, { readonly: true })
    } catch (error) {
      this.#writer.close()
      throw error
    }
    this.#queue = new CommitQueue(this.#writer)
    // Not at once: a thread is more than a short run is worth.
    this.#checkpointStart = setTimeout(() => {
      this.#checkpoints = startCheckpoints(path, () => this.#queue.restartLog())
    }, CHECKPOINT_START_MS)
    this.#checkpointStart.unref()
  }

  /**
   * Opens (or makes) the database in a directory, locks the directory and brings the schema up to date.
   * @throws DomainError `directory_locked`, `data_dir_invalid`, `data_dir_unusable`, `schema_too_new`, `schema_changed`,
   * `backup_failed`, `migration_failed`; the data is unchanged then
   */
  static open(dataDir: string): Storage {
    let lock: DirectoryLock | undefined
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 })
      // SQLite would only say that it cannot open a file.
      accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
      lock = lockDirectory(dataDir)
      return new Storage(join(dataDir, 'farebox.db'), lock)
    } catch (error) {
      lock?.release()
      throw explainDisk(error, dataDir)
    }
  }

  /** Told once, when a commit has failed; from then on the node must refuse calls. */
  onFailure(listener: (failure: DomainError) => void): void {
    this.#queue.onFailure(listener)
  }

  /** Why nothing can be written any more; undefined while all is well. */
  get failure(): DomainError | undefined {
    return this.#queue.failure
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

  /** For metrics: shared commits since the start. */
  commits(): CommitFigures {
    return this.#queue.figures
  }

  /** The paths of the copies that were made before upgrades and are still kept, oldest first. */
  copies(): string[] {
    return listCopies(this.#path).map(({ file }) => file)
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
    if (!this.failure) this.#writer.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    this.#writer.close()
    this.#lock.release()
  }
}

const CHECKPOINT_START_MS = 2000
