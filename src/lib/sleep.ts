import { setTimeout as delay } from 'node:timers/promises'

/** Waits; a `signal` ends the wait early without an error. Does not keep the process alive. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined)
}
