import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Checkpoints of the database at `path` from now on, in a thread of their own, which says when the log has grown long. */
export function startCheckpoints(path: string, onLong: () => void): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./checkpoint-worker.${extension}`, import.meta.url), {
    workerData: path,
  })
  worker.on('message', onLong)
  worker.unref()
  return worker
}

/** Asks the thread to end and resolves when it has. */
export async function endCheckpoints(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return
  const ended = once(worker, 'exit')
  worker.ref()
  worker.postMessage('end')
  await ended
}
