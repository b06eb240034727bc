import { readEcash } from '../../cashu/index.ts'
import { DomainError } from '../../lib/index.ts'
import type { Msat } from '../../money/index.ts'
import type { NodeRooms } from '../node.ts'

/**
 * The change of ecash that paid for one call: the same every time (`routstr-clients` §2.8).
 * @throws DomainError `payment_running` (425), `payment_consumed` (410), `refund_not_found` (404)
 */
export async function claimChange(
  rooms: NodeRooms,
  text: string,
): Promise<{ ecash: string; sats: number; charge: Msat }> {
  const claim = await rooms.payments.claim(readEcash(text))
  if (claim.kind === 'change') return claim
  if (claim.kind === 'consumed') {
    throw new DomainError('payment_consumed', 'Payment fully consumed; no change is due', {
      details: { charged_msat: Number(claim.charge) },
    })
  }
  if (claim.kind === 'running') {
    throw new DomainError(
      'payment_running',
      'The call that this ecash pays for is still running. Ask again later.',
      {
        retryAfterS: 2,
      },
    )
  }
  throw new DomainError(
    'refund_not_found',
    'Refund not found. This node never took this ecash as a payment; if it is yours, it is still spendable.',
  )
}
