/**
 * What a mint's error code says about a request that may have been sent before. Codes are not reliable (Nutshell gives
 * 11000 for an unbalanced swap, 11001 for the repeat of a swap that succeeded), so most of them prove nothing.
 */
type Verdict =
  /** Never executed and never will be, whichever copy it answers. */
  | 'doomed'
  /** The plan no longer fits the mint's keysets or fees. */
  | 'stale'
  /** May be the answer to a repeat of a request that succeeded. */
  | 'unclear'
  /** Refused for good if it answers the only copy ever sent. */
  | 'refused'

const DOOMED = new Set([10001, 11007, 20008])
const STALE = new Set([11000, 11005, 12001, 12002, 12003])
const UNCLEAR = new Set([11001, 11002, 11003, 11004, 11008, 20005])

export function verdictOn(code: number): Verdict {
  if (DOOMED.has(code)) return 'doomed'
  if (STALE.has(code)) return 'stale'
  return UNCLEAR.has(code) ? 'unclear' : 'refused'
}
