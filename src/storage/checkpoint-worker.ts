import { setInterval } from 'node:timers'
import { workerData } from 'node:worker_threads'
import { SqliteConnection } from './engines/sqlite.ts'

// Copies the write-ahead log into the database in a thread of its own: a checkpoint on the event loop costs milliseconds.
const CHECKPOINT_EVERY_MS = 1000
const connection = new SqliteConnection(String(workerData), { readonly: false })
setInterval(() => {
  connection.database.pragma('wal_checkpoint(PASSIVE)')
}, CHECKPOINT_EVERY_MS)
