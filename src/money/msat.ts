declare const msatBrand: unique symbol

/** Thousandths of a satoshi; the unit of every account. May be negative in an entry. */
export type Msat = bigint & { readonly [msatBrand]: true }

/** The one place a bigint becomes money. */
export function msat(amount: bigint): Msat {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an Msat is made
  return amount as Msat
}

export const ZERO: Msat = msat(0n)

export function addMsat(a: Msat, b: Msat): Msat {
  return msat(a + b)
}

export function subMsat(a: Msat, b: Msat): Msat {
  return msat(a - b)
}

export function negMsat(amount: Msat): Msat {
  return msat(0n - amount)
}

export function minMsat(a: Msat, b: Msat): Msat {
  return a < b ? a : b
}

export function maxMsat(a: Msat, b: Msat): Msat {
  return a > b ? a : b
}

/** Whole satoshis as msat. `sats` is an integer ≥ 0. */
export function satToMsat(sats: number | bigint): Msat {
  return msat(BigInt(sats) * 1000n)
}

/** Whole satoshis in an amount ≥ 0; the rest is left out (payouts and change are rounded down). */
export function floorSat(amount: Msat): number {
  return Number(amount / 1000n)
}

/** The fewest whole satoshis that cover an amount ≥ 0. */
export function ceilSat(amount: Msat): number {
  return Number((amount + 999n) / 1000n)
}
