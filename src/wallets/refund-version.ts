/**
 * A wallet's refund version counts in fours. One above a multiple: a refund was saved, and nobody was answered it. Three
 * above: it was answered, and an empty wallet answers it again. A multiple of four: money came in since.
 */
const VERSIONS = 4
const UNANSWERED = 1
const ANSWERED = 3

export function isUnanswered(version: number): boolean {
  return version % VERSIONS === UNANSWERED
}

export function isAnswered(version: number): boolean {
  return version % VERSIONS === ANSWERED
}

/** The version of a new refund. */
export function nextRefund(version: number): number {
  return Math.ceil(version / VERSIONS) * VERSIONS + UNANSWERED
}

/** The version after money came in: an answered refund is not handed out again for it, an unanswered one still is. */
export function versionWithMoney(version: number): number {
  return isAnswered(version) ? version + 1 : version
}

/** The version of a refund once its payer was answered. */
export function whenAnswered(unanswered: number): number {
  return unanswered - UNANSWERED + ANSWERED
}

/** The version that an answered refund was saved with, which names it. */
export function savedAs(answered: number): number {
  return answered - ANSWERED + UNANSWERED
}
