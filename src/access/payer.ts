import type { DomainError } from '../lib/index.ts'
import type { AccountId, Balance, Hold } from '../ledger/index.ts'
import type { Msat } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Ask } from './ask.ts'

/** What became of a hold. */
interface Resolution {
  readonly balance: Balance
  readonly charge: Msat
  readonly callId: string
  readonly at: number
}

/** Somebody who can pay: a ledger account, and how money gets back to him. */
export interface Payer {
  /** Name of the scheme he pays by. */
  readonly scheme: string
  readonly accountId: AccountId
  /** Set for a payer who pays for one call only. */
  readonly payment: { readonly id: string } | undefined
  /** Joins the transaction of the hold; throws when this payer may not be charged for this call after all. */
  held(tx: Tx, hold: Hold): Promise<void>
  /** Joins the transaction that resolves the hold. Returns the change as ecash where the scheme gives any. */
  resolved(tx: Tx, resolution: Resolution): Promise<string | undefined>
  /** The error for a hold that could not be made. Gives a one-shot payer his money back first. */
  short(available: Msat, ask: Ask): Promise<DomainError>
}
