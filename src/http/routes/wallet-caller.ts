import type { Request } from 'express'
import { readEcash } from '../../cashu/index.ts'
import { DomainError } from '../../lib/index.ts'
import type { Wallet } from '../../wallets/index.ts'
import type { NodeRooms } from '../node.ts'
import { credentialsOf } from '../visit.ts'

/**
 * The wallet whose credential a request shows: an `sk-` key, or ecash, which becomes a wallet where it is new.
 * @throws DomainError `missing_api_key`, `key_not_found`, `invalid_api_key`
 */
export async function requireWallet(
  rooms: NodeRooms,
  request: Request,
): Promise<{ wallet: Wallet; byRawEcash: boolean }> {
  const { authorization, apiKey } = credentialsOf(request)
  const credential = authorization?.replace(/^bearer\s+/i, '').trim() ?? apiKey
  if (!credential) {
    throw new DomainError(
      'missing_api_key',
      'Show the wallet’s key: Authorization: Bearer sk-…, or ecash in its place.',
    )
  }
  if (credential.startsWith('sk-')) {
    const wallet = await rooms.wallets.findByKey(credential)
    if (!wallet)
      throw new DomainError('key_not_found', 'Key not found. This node has no wallet with this key.')
    return { wallet, byRawEcash: false }
  }
  if (!/^(cashu:)?cashu[AB]/i.test(credential)) {
    throw new DomainError('invalid_api_key', 'This is neither an sk- key nor ecash (cashuA… or cashuB…).')
  }
  const known = await rooms.wallets.findByEcash(credential)
  if (known) return { wallet: known, byRawEcash: true }
  const { wallet } = await rooms.wallets.create(readEcash(credential), {})
  return { wallet, byRawEcash: true }
}
