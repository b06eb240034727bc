import { setInterval } from 'node:timers'
import { parentPort, workerData } from 'node:worker_threads'
import { checkpoint } from './checkpoint.ts'
import { SqliteConnection } from './engines/sqlite.ts'

// Copies the write-ahead log into the database in a thread of its own: a checkpoint on the event loop costs milliseconds.
const CHECKPOINT_EVERY_MS = 1000
/** 64 MiB in pages of 4 KiB: seconds of a full load, and what a start after a crash reads in a moment. */
const LOG_PAGES_MAX = 16_384
const connection = new SqliteConnection(String(workerData), { readonly: false })
const timer = setInterval(() => {
  if (checkpoint(connection) > LOG_PAGES_MAX) parentPort?.postMessage('long')
}, CHECKPOINT_EVERY_MS)

// Any message asks it to end. It ends by itself, so that no checkpoint is torn down in the middle.
parentPort?.once('message', () => {
  clearInterval(timer)
  connection.close()
})
