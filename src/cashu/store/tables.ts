/** The room's tables. Integers come back as bigint. */
export interface CashuTables {
  keyset: {
    mint: string
    id: string
    unit: string
    fee_ppk: bigint | number
    is_active: bigint | number
    final_expiry: bigint | number | null
    /** Amount → public key; `{}` until the keys were needed. */
    keys_json: string
  }
  operation: {
    id: string
    kind: string
    state: string
    mint: string
    account_id: bigint
    ecash_id: string | null
    reference: string | null
    purpose: string | null
    owner: string | null
    face_sat: bigint | number
    fee_sat: bigint | number
    net_sat: bigint | number
    sealed_plan: string | null
    sealed_result: string | null
    failure_code: string | null
    failure: string | null
    created_at: bigint | number
    ended_at: bigint | number | null
  }
  seen: { y: Buffer; operation_id: string }
  proof: {
    y: Buffer
    mint: string
    keyset: string
    amount_sat: bigint | number
    state: string
    owner: string | null
    sealed: string | null
  }
}
