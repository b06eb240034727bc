/** States what must be true here. A failure is a bug of ours, never of a caller. */
export function assert(claim: unknown, message: string): asserts claim {
  if (!claim) throw new Error(`This is a bug in Farebox: ${message}`)
}
