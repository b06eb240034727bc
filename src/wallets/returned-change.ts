import { type Cashu, joinEcash } from '../cashu/index.ts'
import { type AccountId, balanceOf, openAccount, transfer } from '../ledger/index.ts'
import { assert } from '../lib/index.ts'
import { ceilSat, floorSat, type Msat, negMsat, satToMsat, subMsat } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import * as store from './payment-store.ts'
import type { Payment } from './payment-store.ts'

/** Names the change that was given with the settlement. */
export function changeReference(id: string): string {
  return `change:${id}`
}

/** Names what was given back later, because the reply had not left. */
function returnReference(id: string): string {
  return `return:${id}`
}

/**
 * Turns a charge that was given back into more change, with the rounding that was taken for it. The first change may have
 * left, so its coins are never taken back. Where the till has no coins that fit, `payReturn` swaps for them later.
 */
export async function addReturned(
  cashu: Cashu,
  tx: Tx,
  { payment, charge, at }: { payment: Payment; charge: Msat; at: number },
): Promise<void> {
  const { id, accountId, mint } = payment
  await undoRounding(tx, { id, accountId, rest: subMsat(satToMsat(ceilSat(charge)), charge), at })
  const { posted } = await balanceOf(tx, accountId)
  const returnedSat = floorSat(posted)
  assert(satToMsat(returnedSat) === posted, 'what comes back with its rounding is whole sats')
  const send = { reference: returnReference(id), from: accountId, mint, amountSat: returnedSat, at }
  const ecash = await cashu.sendLocal(tx, send)
  await store.markReturned(tx, { id, returnedSat, isPaid: ecash !== undefined })
}

/**
 * Pays out what is still due of a charge that was given back; does nothing where it was.
 * @throws DomainError as `Cashu.send`
 */
export async function payReturn(cashu: Cashu, { id, accountId, mint, returnedSat }: Payment): Promise<void> {
  if (returnedSat === undefined) return
  await cashu.send({
    reference: returnReference(id),
    from: accountId,
    mint,
    amountSat: returnedSat,
    join: (tx) => store.markReturned(tx, { id, returnedSat, isPaid: true }),
  })
}

/** All that a resolved payment gives: its change and what came back later, as one ecash. Undefined when there is none. */
export async function storedChange(
  cashu: Cashu,
  tx: Tx,
  { id, changeSat = 0, returnedSat = 0 }: Payment,
): Promise<{ ecash: string; sats: number } | undefined> {
  const change = await cashu.storedSend(tx, changeReference(id))
  const returned = returnedSat > 0 ? await cashu.storedSend(tx, returnReference(id)) : undefined
  if (change !== undefined && returned === undefined) return { ecash: change, sats: changeSat }
  if (returned === undefined) return undefined
  const ecash = change === undefined ? returned : joinEcash([change, returned])
  return { ecash, sats: changeSat + returnedSat }
}

async function undoRounding(
  tx: Tx,
  { id, accountId, rest, at }: { id: string; accountId: AccountId; rest: Msat; at: number },
): Promise<void> {
  if (rest === 0n) return
  const rounding = await openAccount(tx, { code: 'income:rounding', kind: 'income' })
  await transfer(tx, {
    reference: `unrounding:${id}`,
    reason: 'not delivered',
    at,
    entries: [
      { account: rounding, amount: negMsat(rest) },
      { account: accountId, amount: rest },
    ],
  })
}
