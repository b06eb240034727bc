/**
 * The fewest coins of these denominations that make an amount, ascending; undefined where they cannot make it.
 * Denominations are powers of two, as in every keyset in use.
 */
export function splitFewest(amountSat: number, denominations: readonly number[]): number[] | undefined {
  const coins: number[] = []
  let rest = amountSat
  for (const coin of denominations.toSorted((a, b) => b - a)) {
    while (coin <= rest && coins.length < COINS_MAX) {
      coins.push(coin)
      rest -= coin
    }
  }
  return rest === 0 ? coins.toReversed() : undefined
}

/**
 * Coins from which every amount between 1 and the whole can be paid exactly: 1, 2, 4 … while they fit, and the fewest for
 * the rest. Ascending. With 1 … 2^k in hand, every amount below 2^(k+1) can be paid, and the rest adds to that without a gap.
 */
export function splitForChange(amountSat: number, denominations: readonly number[]): number[] | undefined {
  const coins: number[] = []
  let rest = amountSat
  for (const coin of denominations.toSorted((a, b) => a - b)) {
    if (coin > rest) break
    coins.push(coin)
    rest -= coin
  }
  const more = splitFewest(rest, denominations)
  return more && [...coins, ...more].toSorted((a, b) => a - b)
}

/** Above the 2 × 34 coins of the largest amount, and far below what mints take in one request. */
const COINS_MAX = 200

/**
 * How many coins of each denomination make an amount exactly, largest first (which is exact for powers of two); undefined
 * when the coins at hand do not.
 */
export function pickExact(
  amountSat: number,
  stock: readonly { readonly amountSat: number; readonly count: number }[],
): { amountSat: number; count: number }[] | undefined {
  const picked: { amountSat: number; count: number }[] = []
  let rest = amountSat
  for (const coin of stock.toSorted((a, b) => b.amountSat - a.amountSat)) {
    const count = Math.min(coin.count, Math.floor(rest / coin.amountSat))
    if (count === 0) continue
    picked.push({ amountSat: coin.amountSat, count })
    rest -= count * coin.amountSat
  }
  return rest === 0 ? picked : undefined
}
