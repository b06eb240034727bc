import { type Msat, msat } from './msat.ts'

/** A price level of bitcoin: whole US cents for one bitcoin. */
export interface BtcUsd {
  readonly centsPerBtc: bigint
}

/** What a node adds to its cost, in hundredths of a percent: 10 % is 1000. */
export type MarginBp = number

/**
 * The price in msat of a cost in pico-USD with the margin on top, rounded up once.
 * 1 BTC = 1e11 msat and 1 USD = 1e12 pUSD, so 1 pUSD is 10 / centsPerBtc msat.
 */
export function picoUsdToMsat(picoUsd: bigint, terms: { rate: BtcUsd; marginBp: MarginBp }): Msat {
  const numerator = picoUsd * 10n * BigInt(10_000 + terms.marginBp)
  const denominator = terms.rate.centsPerBtc * 10_000n
  return msat((numerator + denominator - 1n) / denominator)
}

/** The largest cost in pico-USD whose price by `picoUsdToMsat` is still within `amount` (≥ 0). */
export function msatToPicoUsd(amount: Msat, terms: { rate: BtcUsd; marginBp: MarginBp }): bigint {
  return (amount * terms.rate.centsPerBtc * 10_000n) / (10n * BigInt(10_000 + terms.marginBp))
}

/** The USD value of an amount, for display only. */
export function msatToUsd(amount: Msat, rate: BtcUsd): number {
  return (Number(amount) * Number(rate.centsPerBtc)) / 1e13
}
