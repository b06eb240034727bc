import type { Ask, Payer } from '../access/index.ts'
import { type Hold, hold, type HoldOutcome } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import { addMsat, type Msat } from '../money/index.ts'
import type { Rooms } from './rooms.ts'
import type { Sale } from './sale.ts'
import type { Visit } from './visit.ts'

/** What a visit asks of its payer: the whole ceiling of one who wants his call as it is or not at all. */
export class CallAsk implements Ask {
  readonly what: string
  readonly ceiling: Msat
  readonly floor: Msat
  readonly gate: Msat
  readonly formula: Msat
  readonly #sale: Sale
  readonly #price: Sale['price']
  readonly #mayClamp: boolean

  constructor(sale: Sale, mayClamp: boolean) {
    const { price, what } = sale
    const { ceiling, floor, gate, formula } = price
    this.what = what
    this.ceiling = ceiling
    this.floor = mayClamp ? floor : ceiling
    this.gate = mayClamp ? gate : ceiling
    this.formula = mayClamp ? formula : ceiling
    this.#sale = sale
    this.#price = price
    this.#mayClamp = mayClamp
  }

  gateWith(fee: Msat): Msat {
    return this.#mayClamp ? this.#price.gateWith(fee) : addMsat(this.ceiling, fee)
  }

  async tightened(): Promise<Ask> {
    await this.#sale.tighten()
    return new CallAsk(this.#sale, this.#mayClamp)
  }
}

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
  throw await payer.short(outcome.available, new CallAsk(sale, visit.mayClamp))
}

interface Opening {
  readonly visit: Visit
  readonly sale: Sale
  readonly payer: Payer
}

function tryHold(rooms: Rooms, { visit, sale, payer }: Opening): Promise<HoldOutcome> {
  const ask = new CallAsk(sale, visit.mayClamp)
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
