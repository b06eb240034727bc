/** One feed's word. */
export interface Answer {
  readonly feed: string
  readonly cents: bigint
}

/** What most feeds agree on, and whom they agreed without. */
export interface Agreement {
  readonly cents: bigint
  readonly feeds: readonly string[]
  readonly outliers: readonly string[]
}

/** So many answers at least, after those far from the median are thrown out. */
export const QUORUM = 3
const OUTLIER_PERCENT = 5n
const CONFIRM_PERCENT = 5n
const JUMP_PERCENT = 20n

/** No bitcoin has cost less than a thousand dollars since 2017; more than a hundred million is more than all money. */
const LEAST_CENTS = 1000_00n
const MOST_CENTS = 100_000_000_00n

export function isPlausible(cents: bigint): boolean {
  return cents >= LEAST_CENTS && cents <= MOST_CENTS
}

/**
 * The median of the answers within 5 % of the median of all. Undefined where fewer than three are, or only a half: then
 * the feeds disagree, and nobody can tell who is right. While most answers are honest, which is to say within 5 % of one
 * another, the result lies between honest answers, whatever the others say.
 */
export function agree(answers: readonly Answer[]): Agreement | undefined {
  const first = median(answers)
  if (first === undefined) return undefined
  const kept = answers.filter(({ cents }) => isWithin(cents, first, OUTLIER_PERCENT))
  const cents = median(kept)
  if (cents === undefined || kept.length < QUORUM || kept.length * 2 <= answers.length) return undefined
  const outliers = answers.filter((answer) => !kept.includes(answer))
  return { cents, feeds: kept.map(({ feed }) => feed), outliers: outliers.map(({ feed }) => feed) }
}

/** Whether a new rate is so far from the last one that the next look has to confirm it. */
export function isJump(cents: bigint, last: bigint): boolean {
  return !isWithin(cents, last, JUMP_PERCENT)
}

/** Whether a look confirms the jump that the one before it saw. */
export function confirms(cents: bigint, seen: bigint | undefined): boolean {
  return seen !== undefined && isWithin(cents, seen, CONFIRM_PERCENT)
}

function isWithin(cents: bigint, of: bigint, percent: bigint): boolean {
  const distance = cents > of ? cents - of : of - cents
  return distance * 100n <= of * percent
}

/** Between two in the middle the mean, rounded down: bitcoin is never taken for more than it is worth. */
function median(answers: readonly Answer[]): bigint | undefined {
  const sorted = answers.map(({ cents }) => cents).toSorted((a, b) => (a < b ? -1 : Number(a > b)))
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2n
}
