export type { Payment } from './payment-store.ts'
export { Payments } from './payments.ts'
export { Payouts } from './payout.ts'
export { type Wallet, Wallets } from './wallets.ts'
