import { DomainError } from '../../lib/index.ts'
import type { Wallet } from '../../wallets/index.ts'
import { type Ask, requiredFor } from '../ask.ts'
import type { Payer } from '../payer.ts'

/** A payer whose change simply stays on his wallet. */
export function walletPayer(
  wallet: Wallet,
  { scheme, mints }: { scheme: string; mints: readonly string[] },
): Payer {
  return {
    scheme,
    accountId: wallet.accountId,
    payment: undefined,
    held: async () => undefined,
    resolved: async () => undefined,
    short: async (available, ask) => insufficientBalance(ask, { available, mints }),
  }
}

export function insufficientBalance(
  ask: Ask,
  { available, mints }: { available: bigint; mints: readonly string[] },
): DomainError {
  const required = requiredFor(ask)
  return new DomainError(
    'insufficient_balance',
    `${ask.what} needs ${ask.gate} msat at least and ${required} msat to run in full; the wallet has ${available} msat free. Top it up at POST /v1/wallet/topup. Nothing was charged.`,
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
