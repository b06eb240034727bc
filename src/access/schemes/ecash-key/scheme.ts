import { readEcash } from '../../../cashu/index.ts'
import { satToMsat } from '../../../money/index.ts'
import type { Scheme } from '../../scheme.ts'
import { bearerOf } from '../bearer.ts'
import type { SchemeParts } from '../parts.ts'
import { insufficientBalance, walletPayer } from '../wallet-payer.ts'

/** Pays with ecash in the place of a key: its first use makes a wallet of it, and it stays a name of that wallet. */
export function ecashKey({ wallets, cashu }: SchemeParts): Scheme {
  return {
    name: 'ecash-key',
    read(credentials) {
      const bearer = bearerOf(credentials)
      return bearer && /^(cashu:)?cashu[AB]/i.test(bearer) ? bearer : undefined
    },
    async admit(text, ask) {
      const mints = cashu.mints()
      const known = await wallets.findByEcash(text)
      if (known) return walletPayer(known, { scheme: 'ecash-key', mints })
      const ecash = readEcash(text)
      const worth = await cashu.inspect(ecash)
      const net = satToMsat(worth.netSat)
      const now = net < ask.gate ? await ask.tightened() : ask
      if (net < now.gate) throw insufficientBalance(now, { available: net, mints })
      const wallet = await wallets.openAsKey(ecash)
      wallets.remember(text, wallet)
      return walletPayer(wallet, { scheme: 'ecash-key', mints })
    },
  }
}
