import type { Payer } from '../access/index.ts'
import type { Hold } from '../ledger/index.ts'
import { failpoint } from '../lib/index.ts'
import { nothingOwed } from './charge-and-ending.ts'
import { closeCall, type Receipt, receiptHeaders, reportOf } from './close-call.ts'
import { CallAsk, openCall } from './open-call.ts'
import { broken, failed } from './problems.ts'
import { Relay } from './relay.ts'
import type { Rooms } from './rooms.ts'
import type { Charge, Reading, Sale, Supplier } from './sale.ts'
import type { Visit } from './visit.ts'

/** One visit, from the door to the change. The last byte leaves only after the money is settled. */
export async function serve(rooms: Rooms, visit: Visit, supplier: Supplier): Promise<void> {
  const sale = supplier.offer()
  const payer = await rooms.access.admit(visit.credentials, new CallAsk(sale, visit.mayClamp))
  const hold = await openCall(rooms, { visit, sale, payer })
  const relay = openRelay(visit, { sale, payer, headers: sale.headers(hold) })
  const stopBeating = rooms.heartbeat.watch(hold, () => (relay.hasLeft ? sale.delivered() : undefined))
  try {
    const { reading, charge } = await supplied(sale, hold, relay)
    if (charge.msat > 0n && !relay.hasLeft) rooms.departures.expect(hold)
    const receipt = await closeCall(rooms, { visit, payer, hold, charge })
    visit.tally?.closed(visit.callId, { what: sale.what, ending: reading.ending, charge })
    const leaving = finish(relay, { visit, sale, reading, receipt })
    if (leaving) await leaving
    failpoint('call.changed')
  } finally {
    rooms.departures.left(hold)
    // Until now: a node that is stopping waits for the calls that are watched.
    stopBeating()
  }
}

/** Serves the call and prices it. A bug on the way costs its caller nothing, and leaves no hold open. */
async function supplied(sale: Sale, hold: Hold, relay: Relay): Promise<{ reading: Reading; charge: Charge }> {
  try {
    const reading = await sale.supply(hold, relay)
    return { reading, charge: sale.charge(hold, reading) }
  } catch (cause) {
    if (relay.hasLeft) relay.cut()
    const reading: Reading = { ending: 'failed', problem: broken(cause), tail: () => Buffer.alloc(0) }
    return { reading, charge: nothingOwed('{"v":1,"ending":"failed"}') }
  }
}

/** A stream is live unless its payer reads his change from the head of the reply. */
function openRelay(
  visit: Visit,
  { sale, payer, headers }: { sale: Sale; payer: Payer; headers: Readonly<Record<string, string>> },
): Relay {
  const isLive = sale.isStream && (payer.payment === undefined || visit.wantsChangeLater)
  const id = payer.payment?.id
  return new Relay(visit.reply, {
    isLive,
    headers: id === undefined ? headers : { ...headers, 'x-farebox-payment-id': id },
  })
}

function finish(
  relay: Relay,
  { visit, sale, reading, receipt }: { visit: Visit; sale: Sale; reading: Reading; receipt: Receipt },
): Promise<void> | undefined {
  if (reading.problem && !relay.hasLeft) throw failed(reading.problem, receipt)
  const tail = reading.tail(reportOf(receipt))
  if (!reading.problem) return relay.finish(receiptHeaders(receipt), tail)
  return relay.finish({}, Buffer.concat([tail, sale.streamProblem(reading.problem, visit.callId)]))
}
