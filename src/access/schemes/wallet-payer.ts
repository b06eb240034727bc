import { DomainError } from '../../lib/index.ts'
import type { AccountId } from '../../ledger/index.ts'
import type { Msat } from '../../money/index.ts'
import type { Wallet } from '../../wallets/index.ts'
import { type Ask, requiredFor } from '../ask.ts'
import type { Payer } from '../payer.ts'

/** A payer whose change simply stays on his wallet. */
export function walletPayer(
  wallet: Wallet,
  { scheme, mints }: { scheme: string; mints: readonly string[] },
): Payer {
  return new WalletPayer(wallet.accountId, scheme, mints)
}

/** Nothing to wait for: one promise serves all calls. */
const NOTHING = Promise.resolve(undefined)

class WalletPayer implements Payer {
  readonly scheme: string
  readonly accountId: AccountId
  readonly payment = undefined
  readonly #mints: readonly string[]

  constructor(accountId: AccountId, scheme: string, mints: readonly string[]) {
    this.accountId = accountId
    this.scheme = scheme
    this.#mints = mints
  }

  held(): Promise<undefined> {
    return NOTHING
  }

  resolved(): Promise<undefined> {
    return NOTHING
  }

  async short(available: Msat, ask: Ask): Promise<DomainError> {
    return insufficientBalance(ask, { available, mints: this.#mints })
  }
}

export function insufficientBalance(
  ask: Ask,
  { available, mints }: { available: bigint; mints: readonly string[] },
): DomainError {
  const required = requiredFor(ask)
  const need =
    required === ask.gate
      ? `${required} msat`
      : `${ask.gate} msat at least and ${required} msat to run in full`
  return new DomainError(
    'insufficient_balance',
    `${ask.what} needs ${need}; the wallet has ${available} msat free. Top it up at POST /v1/wallet/topup. Nothing was charged.`,
    {
      details: {
        amount_required_msat: Number(required),
        minimum_msat: Number(ask.gate),
        available_msat: Number(available),
        balance_msat: Number(available),
        mints,
        top_up: 'POST /v1/wallet/topup {"cashu_token":"cashuB…"}',
      },
    },
  )
}
