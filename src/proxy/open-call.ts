import type { Ask, Payer } from '../access/index.ts'
import { type Hold, hold, type HoldOutcome } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import { addMsat } from '../money/index.ts'
import type { Rooms } from './rooms.ts'
import type { Sale } from './sale.ts'
import type { Visit } from './visit.ts'

/**
 * Sets the call aside. The hold's own commit is the record of the call; nothing goes up before it is on disk.
 * @throws DomainError what the payer's scheme says to somebody who has too little
 */
export async function openCall(
  rooms: Rooms,
  { visit, sale, payer }: { visit: Visit; sale: Sale; payer: Payer },
): Promise<Hold> {
  failpoint('call.admitted')
  const preparing = sale.prepare()
  if (preparing) await preparing
  const ask = askFor(sale, visit)
  // A one-shot payer passed the gate with what he brought; the fee of his mint is gone from it by now.
  const atLeast = payer.payment ? ask.floor : ask.gate
  const outcome = await rooms.storage.transact(async (tx): Promise<HoldOutcome> => {
    const made = await hold(tx, {
      accountId: payer.accountId,
      callId: visit.callId,
      atLeast,
      atMost: ask.ceiling,
      boot: rooms.boot,
      terms: sale.terms,
      at: rooms.clock.now(),
    })
    if (made.kind === 'held') {
      await payer.held(tx, made.hold)
      await visit.held?.(tx, made.hold)
    }
    return made
  })
  failpoint('call.held')
  if (outcome.kind === 'held') return outcome.hold
  throw await payer.short(outcome.available, ask)
}

/** What a visit asks of its payer: the whole ceiling of one who wants his call as it is or not at all. */
export function askFor(sale: Sale, visit: Visit): Ask {
  const { ask } = sale
  if (visit.mayClamp) return ask
  const { ceiling, what } = ask
  return {
    ceiling,
    what,
    floor: ceiling,
    gate: ceiling,
    formula: ceiling,
    gateWith: (fee) => addMsat(ceiling, fee),
  }
}
