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
export async function openCall(rooms: Rooms, call: Opening): Promise<Hold> {
  const { visit, sale, payer } = call
  failpoint('call.admitted')
  const preparing = sale.prepare()
  if (preparing) await preparing
  const first = await tryHold(rooms, call)
  const outcome = first.kind === 'short' && (await sale.tighten()) ? await tryHold(rooms, call) : first
  failpoint('call.held')
  if (outcome.kind === 'held') {
    // He cannot cover the whole call: a closer count of the input leaves him more of the output.
    if (outcome.hold.amount < sale.price.ceiling) await sale.tighten()
    return outcome.hold
  }
  throw await payer.short(outcome.available, askFor(sale, visit))
}

interface Opening {
  readonly visit: Visit
  readonly sale: Sale
  readonly payer: Payer
}

function tryHold(rooms: Rooms, { visit, sale, payer }: Opening): Promise<HoldOutcome> {
  const ask = askFor(sale, visit)
  return rooms.storage.transact(async (tx): Promise<HoldOutcome> => {
    const made = await hold(tx, {
      accountId: payer.accountId,
      callId: visit.callId,
      // A one-shot payer passed the gate with what he brought; the fee of his mint is gone from it by now.
      atLeast: payer.payment ? ask.floor : ask.gate,
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
}

/** What a visit asks of its payer: the whole ceiling of one who wants his call as it is or not at all. */
export function askFor(sale: Sale, visit: Visit): Ask {
  const { ceiling, floor, gate, formula, gateWith, what } = sale.price
  const tightened = async (): Promise<Ask> => {
    await sale.tighten()
    return askFor(sale, visit)
  }
  if (visit.mayClamp) return { what, ceiling, floor, gate, formula, gateWith, tightened }
  const whole = { ceiling, floor: ceiling, gate: ceiling, formula: ceiling }
  return { what, ...whole, gateWith: (fee) => addMsat(ceiling, fee), tightened }
}
