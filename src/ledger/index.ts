export {
  type AccountId,
  type Balance,
  balanceOf,
  type CallTotals,
  openAccount,
  totalsOf,
} from './accounts.ts'
export { forgetDeparture, listDeadDepartures, returnCharge, saveDeparture } from './departures.ts'
export { chargeOf, heldFor } from './held.ts'
export { type Hold, type HoldOutcome, hold } from './hold.ts'
export { heartbeat, listOrphanHolds, type OrphanHold } from './open-holds.ts'
export { type Position, position } from './position.ts'
export { settle, voidHold } from './settle.ts'
export { type Entry, transfer } from './transfer.ts'
export { type TrialBalance, trialBalance } from './trial-balance.ts'
