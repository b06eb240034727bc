import type { Cashu, Ecash } from '../cashu/index.ts'
import { type AccountId, balanceOf, openAccount, transfer } from '../ledger/index.ts'
import { assert, type Clock, DomainError } from '../lib/index.ts'
import { floorSat, type Msat, msat, negMsat, satToMsat, subMsat, ZERO } from '../money/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import * as store from './payment-store.ts'
import type { Payment } from './payment-store.ts'
import { addReturned, changeReference, payReturn, storedChange } from './returned-change.ts'
import { refusedReceive } from './refusals.ts'

/** What the refund route answers for ecash that paid for one call. */
type Claim =
  | { readonly kind: 'change'; readonly ecash: string; readonly sats: number; readonly charge: Msat }
  | { readonly kind: 'consumed'; readonly charge: Msat }
  | { readonly kind: 'running' }
  | { readonly kind: 'unknown' }

interface PaymentParts {
  readonly storage: Storage
  readonly cashu: Cashu
  readonly clock: Clock
}

const IDLE_MS = 10 * 60_000
const IDLE_BATCH = 200

/** One-shot payments: ecash in, one call, change out. Each is an account that is empty when it is resolved. */
export class Payments {
  readonly #parts: PaymentParts
  readonly #admitting = new Set<string>()
  readonly #startedAt: number

  constructor(parts: PaymentParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
    parts.cashu.onCredited('payment', async (tx, { ecashId, accountId, mint }) => {
      if (ecashId !== undefined)
        await store.insertPayment(tx, { id: ecashId, accountId, mint, at: parts.clock.now() })
    })
  }

  /**
   * A payment that this ecash has begun and that may still become a call; undefined for ecash never seen.
   * @throws DomainError `payment_running` (425), `cashu_token_already_spent`, `payment_overlaps`
   */
  async find(ecash: Ecash): Promise<'credited' | 'receiving' | undefined> {
    const { cashu, storage } = this.#parts
    const found = await cashu.find(ecash)
    if (found.kind === 'unknown') return undefined
    if (found.kind === 'overlaps') throw refusedReceive(found)
    const { operation } = found
    if (operation.purpose !== 'payment' || operation.state === 'refused') throw alreadySpent()
    if (operation.state !== 'done') return 'receiving'
    const payment = await storage.read((tx) => store.findPayment(tx, ecash.ecashId))
    if (payment?.state === 'running' || this.#admitting.has(ecash.ecashId)) throw running()
    if (payment && payment.state !== 'credited') throw alreadySpent()
    return 'credited'
  }

  /** Receives ecash that pays for one call; the outputs stay reserved for its change. */
  async receive(ecash: Ecash): Promise<Payment> {
    const { cashu, storage } = this.#parts
    const id = ecash.ecashId
    if (this.#admitting.has(id)) throw running()
    this.#admitting.add(id)
    try {
      const accountId = (tx: Tx): Promise<AccountId> =>
        openAccount(tx, { code: `payment:${id}`, kind: 'liability' })
      const outcome = await cashu.receive({ ecash, purpose: 'payment', accountId, reserveFor: id })
      if (outcome.kind !== 'credited') throw refusedReceive(outcome)
      const payment = await storage.read((tx) => store.findPayment(tx, id))
      assert(payment, 'a credited payment has a row')
      return payment
    } finally {
      this.#admitting.delete(id)
    }
  }

  /** Joins the hold's transaction: this payment has its call now, and will have no other. */
  async start(tx: Tx, args: { payment: Payment; holdId: bigint; callId: string }): Promise<void> {
    const { payment, holdId, callId } = args
    if (await store.markRunning(tx, { id: payment.id, holdId, callId })) return
    const now = await store.findPayment(tx, payment.id)
    throw now?.state === 'running' ? running() : alreadySpent()
  }

  /**
   * Joins the transaction that resolves the call: whole sats go out as change from the proofs this payment brought, the
   * rest is rounding.
   * @returns the change as ecash, undefined when there is none
   */
  async resolve(
    tx: Tx,
    args: { payment: Pick<Payment, 'id' | 'accountId' | 'mint'>; left: Msat; charge: Msat; at: number },
  ): Promise<string | undefined> {
    const { payment, left, charge, at } = args
    const { id, accountId: from, mint } = payment
    const changeSat = floorSat(left)
    if (!(await store.markResolved(tx, { id, chargeMsat: charge, changeSat }))) throw alreadySpent()
    await this.#enterRounding(tx, { id, from, rest: subMsat(left, satToMsat(changeSat)), at })
    const { cashu } = this.#parts
    const change =
      changeSat > 0
        ? await cashu.sendLocal(tx, {
            reference: changeReference(id),
            from,
            mint,
            amountSat: changeSat,
            owner: id,
            at,
          })
        : undefined
    assert(changeSat === 0 || change !== undefined, 'a payment can always give its change')
    await cashu.releaseReserved(tx, id)
    return change
  }

  /**
   * Gives a payment that has no call all of it back.
   * @throws DomainError `payment_running`, `cashu_token_already_spent` where it has got a call meanwhile
   */
  giveBack(payment: Payment, at: number): Promise<string | undefined> {
    return this.#parts.storage.transact(async (tx) => {
      const now = await store.findPayment(tx, payment.id)
      if (now?.state !== 'credited') throw now?.state === 'running' ? running() : alreadySpent()
      const { posted } = await balanceOf(tx, payment.accountId)
      return this.resolve(tx, { payment, left: posted, charge: ZERO, at })
    })
  }

  /** Resolves the payment of an account after its hold was closed by recovery; does nothing for other accounts. */
  async resolveOrphan(tx: Tx, args: { accountId: AccountId; charge: Msat; at: number }): Promise<void> {
    const payment = await store.findPaymentByAccount(tx, args.accountId)
    if (payment?.state !== 'running') return
    const { posted } = await balanceOf(tx, args.accountId)
    await this.resolve(tx, { payment, left: posted, charge: args.charge, at: args.at })
  }

  /**
   * What is left of ecash that paid for one call: the same change every time.
   * @throws DomainError `cashu_mint_unreachable` while its receive is in doubt, `payment_overlaps`,
   *   `cashu_token_already_spent` for what was spent on something else
   */
  async claim(ecash: Ecash): Promise<Claim> {
    const { storage, cashu, clock } = this.#parts
    const found = await cashu.find(ecash)
    if (found.kind === 'overlaps') throw refusedReceive(found)
    if (found.kind === 'unknown') return { kind: 'unknown' }
    if (found.operation.purpose !== 'payment' || found.operation.state === 'refused') throw noPayment()
    if (found.operation.state !== 'done') await this.receive(ecash)
    const payment = await storage.read((tx) => store.findPayment(tx, ecash.ecashId))
    if (!payment) return { kind: 'unknown' }
    if (payment.state === 'running' || this.#admitting.has(payment.id)) return { kind: 'running' }
    if (payment.state === 'credited') {
      // A call of an earlier run of the process will not come any more.
      const mayGetCall = found.operation.createdAt >= this.#startedAt
      if (mayGetCall && clock.now() - payment.at < IDLE_MS) return { kind: 'running' }
      await this.giveBack(payment, clock.now()).catch(unlessTaken)
    }
    await payReturn(cashu, payment)
    return storage.read(async (tx) => {
      const now = await store.findPayment(tx, payment.id)
      if (!now || now.state === 'running') return { kind: 'running' }
      const stored = await storedChange(cashu, tx, now)
      const charge = msat(now.chargeMsat ?? 0n)
      return stored ? { kind: 'change', ...stored, charge } : { kind: 'consumed', charge }
    })
  }

  /** Joins the transaction that gives a charge back: a one-shot payer gets it as more change. Nothing to do for wallets. */
  async addReturned(tx: Tx, args: { accountId: AccountId; charge: Msat; at: number }): Promise<void> {
    const payment = await store.findPaymentByAccount(tx, args.accountId)
    if (payment) await addReturned(this.#parts.cashu, tx, { payment, ...args })
  }

  /** Pays out what the till could not pay when a charge was given back. @throws the first failure, after all were tried */
  async payReturns(): Promise<void> {
    const { storage, cashu } = this.#parts
    const due = await storage.read((tx) => store.listReturning(tx, IDLE_BATCH))
    const failures: unknown[] = []
    for (const payment of due) await payReturn(cashu, payment).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  /** Gives back payments that have waited ten minutes for a call; at start also those of the run before. */
  async giveBackIdle({ atStart }: { atStart: boolean }): Promise<number> {
    const { storage, clock } = this.#parts
    const now = clock.now()
    const before = atStart ? now + 1 : now - IDLE_MS
    const idle = await storage.read((tx) => store.listIdle(tx, { before, limit: IDLE_BATCH }))
    for (const payment of idle) await this.giveBack(payment, now).catch(unlessTaken)
    return idle.length
  }

  async #enterRounding(
    tx: Tx,
    { id, from, rest, at }: { id: string; from: AccountId; rest: Msat; at: number },
  ): Promise<void> {
    if (rest === 0n) return
    const rounding = await openAccount(tx, { code: 'income:rounding', kind: 'income' })
    await transfer(tx, {
      reference: `rounding:${id}`,
      reason: 'rounding',
      at,
      entries: [
        { account: from, amount: negMsat(rest) },
        { account: rounding, amount: rest },
      ],
    })
  }
}

/** A payment that got its call, or was given back, between the look at it and the act. */
function unlessTaken(error: unknown): void {
  const codes = ['payment_running', 'cashu_token_already_spent']
  if (!(error instanceof DomainError && codes.includes(error.code))) throw error
}

function running(): DomainError {
  return new DomainError(
    'payment_running',
    'A call that this ecash pays for is still running. Wait for it, or ask for the change later at POST /v1/wallet/refund.',
    { retryAfterS: 2 },
  )
}

/** At the refund route: ecash that has no change, and never will. */
function noPayment(): DomainError {
  return new DomainError(
    'cashu_token_already_spent',
    'This ecash did not pay for a call here: it became a wallet or a top-up, or was spent elsewhere, so no change is due for it. Money on a wallet is taken out with the key of the wallet.',
  )
}

function alreadySpent(): DomainError {
  return new DomainError(
    'cashu_token_already_spent',
    'This ecash has paid for a call or a wallet before. Change of a call is at POST /v1/wallet/refund with the same X-Cashu.',
  )
}
