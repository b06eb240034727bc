export type { Payment } from './payment-store.ts'
export { type Claim, Payments } from './payments.ts'
export { type Payout, Payouts } from './payout.ts'
export { type Wallet, type WalletInfo, Wallets } from './wallets.ts'
