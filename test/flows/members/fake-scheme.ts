import type { Scheme } from '../../../src/access/scheme.ts'
import { bearerOf } from '../../../src/access/schemes/bearer.ts'
import type { SchemeParts } from '../../../src/access/schemes/parts.ts'
import { walletPayer } from '../../../src/access/schemes/wallet-payer.ts'
import { DomainError } from '../../../src/lib/index.ts'

const MARK = 'voucher:'

/** Pays by a voucher, which names the wallet that stands behind it. */
export function voucher({ wallets, cashu }: SchemeParts): Scheme {
  return {
    name: 'voucher',
    read(credentials) {
      const bearer = bearerOf(credentials)
      return bearer?.startsWith(MARK) ? bearer.slice(MARK.length) : undefined
    },
    async admit(key) {
      const wallet = await wallets.findByKey(key)
      if (!wallet) throw new DomainError('invalid_api_key', 'This voucher has no wallet behind it.')
      return walletPayer(wallet, { scheme: 'voucher', mints: cashu.mints() })
    },
  }
}
