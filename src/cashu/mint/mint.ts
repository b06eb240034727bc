import { type AccountId, openAccount } from '../../ledger/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { MintClient } from './mint-client.ts'
import type { MintKeysets } from './keysets.ts'

/** The ledger's accounts of one mint. Entries are credit-positive, so assets and expenses grow by negative ones. */
interface MintAccounts {
  /** Asset: our coins at the mint, ready or reserved. */
  readonly held: AccountId
  /** Asset: coins that were given out and not seen spent yet. */
  readonly issued: AccountId
  /** Liability: what was promised to those who were given coins. */
  readonly owed: AccountId
  /** Expense, of all mints together: what sends cost us. */
  readonly fees: AccountId
}

export interface Mint {
  readonly url: string
  readonly client: MintClient
  readonly keysets: MintKeysets
  readonly accounts: MintAccounts
}

export async function openMintAccounts(tx: Tx, mint: string): Promise<MintAccounts> {
  return {
    held: await openAccount(tx, { code: `asset:held:${mint}`, kind: 'asset' }),
    issued: await openAccount(tx, { code: `asset:issued:${mint}`, kind: 'asset' }),
    owed: await openAccount(tx, { code: `liability:issued:${mint}`, kind: 'liability' }),
    fees: await openAccount(tx, { code: 'expense:mint_fees', kind: 'expense' }),
  }
}
