import type { Generated } from '../storage/index.ts'

/** Rows of the books. Integers come back as bigint. */
export interface LedgerTables {
  account: {
    id: Generated<bigint>
    code: string
    kind: string
    posted_msat: Generated<bigint>
    reserved_msat: Generated<bigint>
    /** Settled calls, and what they came to. */
    calls: Generated<bigint>
    spent_msat: Generated<bigint>
  }
  transfer: { id: Generated<bigint>; reference: string; reason: string; at: number | bigint }
  hold: {
    id: Generated<bigint>
    call_id: string
    account_id: bigint
    amount_msat: bigint
    boot: string
    state: Generated<string>
    terms_json: string
    delivered_json: Generated<string | null>
    charge_msat: Generated<bigint | null>
    usage_json: Generated<string | null>
    at: number | bigint
    ended_at: Generated<number | bigint | null>
    returned_at: Generated<number | bigint | null>
  }
  departure: { boot: string; holds_json: string }
  entry: {
    id: Generated<bigint>
    transfer_id: Generated<bigint | null>
    hold_id: Generated<bigint | null>
    account_id: bigint
    amount_msat: bigint
  }
}
