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
  const credential = requireCredential(request)
  if (credential.startsWith('sk-')) {
    const wallet = await rooms.wallets.findByKey(credential)
    if (!wallet)
      throw new DomainError(
        'key_not_found',
        'Key not found. This node has no wallet with this key; look whether all of it was copied, and whether this is the node that gave it.',
      )
    return { wallet, byRawEcash: false }
  }
  const known = await rooms.wallets.findByEcash(credential)
  if (known) return { wallet: known, byRawEcash: true }
  return { wallet: await rooms.wallets.openAsKey(readEcash(credential)), byRawEcash: true }
}

/**
 * What a request shows as its key. Looked at before the rest of a request is read, so that ecash in it is not redeemed for
 * a request that is refused.
 * @throws DomainError `missing_api_key`, `invalid_api_key`
 */
export function requireCredential(request: Request): string {
  const { authorization, apiKey } = credentialsOf(request)
  const credential = authorization?.replace(/^bearer\s+/i, '').trim() ?? apiKey
  if (!credential) {
    throw new DomainError(
      'missing_api_key',
      'Show the wallet’s key: Authorization: Bearer sk-…, or ecash in its place.',
    )
  }
  if (/^sk-|^(cashu:)?cashu[AB]/i.test(credential)) return credential
  throw new DomainError('invalid_api_key', 'This is neither an sk- key nor ecash (cashuA… or cashuB…).')
}
