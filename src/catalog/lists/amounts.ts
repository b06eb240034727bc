/** What an amount of a price list is for: a million tokens, one request or search, or something that we do not sell. */
export type Unit = 'tokens' | 'cached tokens' | 'event' | 'other'

/** Thirty times the dearest model that was ever sold. */
const MOST_FOR_A_MILLION = 20_000
const MOST_FOR_ONE = 100
/** A sixth of the cheapest model there is. What costs less is most likely written for one token. */
const LEAST_FOR_A_MILLION = 0.0005

/** Why an amount cannot be a price in dollars for its unit; undefined for one that can. Nought always can. */
export function wrongAmount(amount: number, unit: Unit): string | undefined {
  if (amount < 0) return `is negative; write what it costs, or 0 if it is free, not ${amount}`
  if (unit === 'other') return undefined
  if (unit === 'event')
    return amount > MOST_FOR_ONE ? 'is too much; write dollars for one, not for a thousand' : undefined
  if (amount > MOST_FOR_A_MILLION) return 'is too much; write dollars, not cents, for a million tokens'
  const least = unit === 'tokens' ? LEAST_FOR_A_MILLION : LEAST_FOR_A_MILLION / 10
  if (amount > 0 && amount < least)
    return 'is too little, as if it were for one token; write dollars for a million'
  return undefined
}
