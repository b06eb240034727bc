import { DomainError } from '../../../lib/index.ts'
import type { Scheme } from '../../scheme.ts'
import { bearerOf } from '../bearer.ts'
import type { SchemeParts } from '../parts.ts'
import { walletPayer } from '../wallet-payer.ts'

/** Pays from a wallet by its `sk-` key. Change stays on the wallet. */
export function apiKey({ wallets, cashu }: SchemeParts): Scheme {
  return {
    name: 'key',
    read(credentials) {
      const bearer = bearerOf(credentials)
      return bearer?.startsWith('sk-') ? bearer : undefined
    },
    async admit(key) {
      const wallet = await wallets.findByKey(key)
      if (!wallet) {
        throw new DomainError(
          'key_not_found',
          'Key not found. This node has no wallet with this key; look whether all of it was copied, and whether this is the node that gave it. Nothing was charged.',
        )
      }
      return walletPayer(wallet, { scheme: 'key', mints: cashu.mints() })
    },
  }
}
