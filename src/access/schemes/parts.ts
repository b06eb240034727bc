import type { Cashu } from '../../cashu/index.ts'
import type { Clock } from '../../lib/index.ts'
import type { Payments, Wallets } from '../../wallets/index.ts'

/** What schemes are built from. */
export interface SchemeParts {
  readonly cashu: Cashu
  readonly wallets: Wallets
  readonly payments: Payments
  readonly clock: Clock
}
