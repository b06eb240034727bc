import {
  type Cashu,
  type Ecash,
  type Inspection,
  readEcash,
  writePaymentRequest,
} from '../../../cashu/index.ts'
import { DomainError } from '../../../lib/index.ts'
import { satToMsat } from '../../../money/index.ts'
import type { Payment } from '../../../wallets/index.ts'
import type { Ask } from '../../ask.ts'
import { RefundedError } from '../../errors.ts'
import type { Payer } from '../../payer.ts'
import type { Scheme } from '../../scheme.ts'
import type { SchemeParts } from '../parts.ts'
import { minimumBalanceRequired, minimumSats, requiredSats } from './amounts.ts'

/** Pays for one call with ecash in the `X-Cashu` header; the change comes back in the reply's (NUT-24 and Routstr RIP-01). */
export function oneShot(parts: SchemeParts): Scheme {
  const { cashu, payments } = parts
  return {
    name: 'one-shot',
    read: ({ xCashu }) => xCashu,
    async admit(text, ask) {
      const ecash = readEcash(text)
      const waiting = await payments.find(ecash)
      if (!waiting) {
        const worth = await worthOf(cashu, ecash)
        const now = isEnough(worth, ask) ? ask : await ask.tightened()
        if (!isEnough(worth, now)) {
          throw minimumBalanceRequired(cashu, now, { mint: worth.mint, net: satToMsat(worth.netSat) })
        }
      }
      return payerOf(parts, await payments.receive(ecash))
    },
    challenge(ask) {
      const amountSat = requiredSats(cashu, ask)
      const mints = cashu.mints()
      return {
        amount_required_msat: amountSat * 1000,
        minimum_msat: minimumSats(cashu, ask) * 1000,
        mints,
        unit: 'sat',
        ...(mints.length > 0 && { payment_request: writePaymentRequest({ amountSat, mints, unit: 'sat' }) }),
      }
    },
  }
}

/** Ecash that its mint's fee eats up is worth nothing here, and its payer is told what to bring instead. */
async function worthOf(cashu: Cashu, ecash: Ecash): Promise<Inspection> {
  try {
    return await cashu.inspect(ecash)
  } catch (error) {
    const isEatenUp = error instanceof DomainError && error.code === 'cashu_token_swap_fees_exceed_amount'
    if (!isEatenUp) throw error
    const { mint, faceSat } = ecash
    return { mint, faceSat, feeSat: faceSat, netSat: 0 }
  }
}

/** Judged by the face of what is brought; the fee of its mint is in the gate. */
function isEnough({ faceSat, feeSat, netSat }: Inspection, ask: Ask): boolean {
  return satToMsat(faceSat) >= ask.gateWith(satToMsat(feeSat)) && satToMsat(netSat) >= ask.floor
}

function payerOf({ payments, clock }: SchemeParts, payment: Payment): Payer {
  return {
    scheme: 'one-shot',
    accountId: payment.accountId,
    payment: { id: payment.id },
    held: (tx, hold) => payments.start(tx, { payment, holdId: hold.id, callId: hold.callId }),
    resolved: (tx, { balance, charge, at }) =>
      payments.resolve(tx, { payment, left: balance.posted, charge, at }),
    async short(available, ask) {
      const refund = await payments.giveBack(payment, clock.now())
      return tooLittle(refund, ask, available)
    },
  }
}

function tooLittle(refund: string | undefined, ask: Ask, available: bigint): DomainError {
  return new RefundedError(refund, {
    code: 'cashu_payment_too_small',
    message: `After the mint's fee ${available} msat were left, ${ask.what} needs ${ask.gate}. All of it is given back in X-Cashu.`,
    details: { minimum_msat: Number(ask.gate), available_msat: Number(available) },
  })
}
