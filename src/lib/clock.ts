/** Where a room gets the time from, so that a test can hold it still. Unix milliseconds. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
