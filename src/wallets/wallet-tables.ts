import type { Generated } from '../storage/index.ts'

/** Rows of wallets and one-shot payments. Integers come back as bigint. */
export interface WalletTables {
  wallet: {
    id: string
    account_id: bigint
    key_hash: Buffer
    key_version: bigint | number
    key_used: Generated<bigint | number>
    admin_key_hash: Buffer | null
    refund_version: Generated<bigint | number>
    created_at: bigint | number
  }
  wallet_funding: {
    wallet_id: string
    mint: string
    in_sat: Generated<bigint | number>
    out_sat: Generated<bigint | number>
  }
  payment: {
    id: string
    account_id: bigint
    mint: string
    state: string
    hold_id: Generated<bigint | null>
    call_id: Generated<string | null>
    charge_msat: Generated<bigint | null>
    change_sat: Generated<bigint | number | null>
    returned_sat: Generated<bigint | number | null>
    at: bigint | number
  }
}
