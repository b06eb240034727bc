import { hash } from 'node:crypto'
import { balanceOf } from '../ledger/index.ts'
import { assert, DomainError, newId, SingleFlight } from '../lib/index.ts'
import { floorSat, satToMsat } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import { isAnswered, isUnanswered, nextRefund, savedAs, whenAnswered } from './refund-version.ts'
import * as store from './wallet-store.ts'
import type { Wallet, WalletParts } from './wallets.ts'

interface Payout {
  readonly ecash: string
  readonly amountSat: number
  readonly mint: string
}

interface Wish {
  readonly amountSat?: number | undefined
  readonly mint?: string | undefined
}

/** Pays wallets out, in ecash of mints they were funded from. */
export class Payouts {
  readonly #parts: Omit<WalletParts, 'walletKey'>
  readonly #flights = new SingleFlight<Payout>()

  constructor(parts: Omit<WalletParts, 'walletKey'>) {
    this.#parts = parts
  }

  /**
   * Takes ecash out of a wallet: `amountSat` of face value, else all that one mint can give. With an idempotency key
   * the same request answers the same ecash; where none was given, an answer that says "not known yet" names one.
   * @throws DomainError `insufficient_balance`, `mint_not_funded`, `no_balance_to_refund`, `idempotency_key_reused`
   */
  async withdraw(wallet: Wallet, wish: Wish & { idempotencyKey?: string | undefined }): Promise<Payout> {
    const key = wish.idempotencyKey ?? newId('withdrawal')
    const reference = `withdraw:${wallet.id}:${hash('sha256', key, 'hex')}`
    try {
      const payout = await this.#flights.run(reference, () => this.#withdraw(wallet, { reference, wish }))
      return checked(payout, wish)
    } catch (error) {
      const isSaved = wish.idempotencyKey === undefined && (await this.#find(reference)) !== undefined
      throw isSaved ? namedBy(key, error) : error
    }
  }

  async #withdraw(wallet: Wallet, { reference, wish }: { reference: string; wish: Wish }): Promise<Payout> {
    const earlier = await this.#find(reference)
    // One that is under way has its money already: it is waited for, and the balance is not looked at again.
    const terms = earlier ? checked(earlier, wish) : await this.#plan(wallet, wish)
    return this.#pay(wallet, { ...terms, reference })
  }

  /**
   * Pays out all that one mint can give; the rest stays and the next call pays it. Idempotent by balance version: when
   * nothing came in since, an empty wallet answers its last refund again.
   * @throws DomainError `no_balance_to_refund`, `refund_ongoing_requests`
   */
  refund(wallet: Wallet): Promise<Payout> {
    return this.#flights.run(wallet.id, () => this.#refund(wallet))
  }

  async #refund(wallet: Wallet): Promise<Payout> {
    const { row, balance } = await this.#parts.storage.read(async (tx) => ({
      row: await store.findById(tx, wallet.id),
      balance: await balanceOf(tx, wallet.accountId),
    }))
    if (!row) throw noBalance()
    const last = row.refundVersion
    // Nobody has got its ecash yet, so it comes before whatever else is there.
    if (isUnanswered(last)) return this.#answerRefund(wallet, last)
    if (balance.reserved > 0n) {
      throw new DomainError(
        'refund_ongoing_requests',
        'Cannot refund key. There are ongoing requests for this api key.',
      )
    }
    if (floorSat(balance.available) < 1) {
      if (!isAnswered(last)) throw noBalance()
      return this.#repeated(wallet, refundReference(wallet, savedAs(last)))
    }
    const version = nextRefund(last)
    const setVersion = (tx: Tx): Promise<void> => store.setRefundVersion(tx, { id: wallet.id, version })
    const terms = await this.#plan(wallet, {})
    await this.#pay(wallet, { ...terms, reference: refundReference(wallet, version), also: setVersion })
    return this.#answerRefund(wallet, version)
  }

  /** The refund of an unanswered version, which is marked as answered before it goes out. */
  async #answerRefund(wallet: Wallet, version: number): Promise<Payout> {
    const payout = await this.#repeated(wallet, refundReference(wallet, version))
    await this.#parts.storage.transact((tx) =>
      store.setRefundVersion(tx, { id: wallet.id, version: whenAnswered(version) }),
    )
    return payout
  }

  /** A payout that was saved before; one that is still under way at its mint is waited for, never made again. */
  async #repeated(wallet: Wallet, reference: string): Promise<Payout> {
    const earlier = await this.#find(reference)
    assert(earlier, 'a refund that a wallet remembers was saved with it')
    return this.#pay(wallet, { ...earlier, reference })
  }

  async #pay(
    wallet: Wallet,
    payout: { reference: string; amountSat: number; mint: string; also?: (tx: Tx) => Promise<void> },
  ): Promise<Payout> {
    const { reference, amountSat, mint, also } = payout
    const join = async (tx: Tx): Promise<void> => {
      const isTaken = await store.takeFunding(tx, { walletId: wallet.id, mint, sats: amountSat })
      if (!isTaken) throw mintNotFunded(mint)
      await also?.(tx)
    }
    const ecash = await this.#parts.cashu.send({ reference, from: wallet.accountId, mint, amountSat, join })
    return { ecash, amountSat, mint }
  }

  /** What a reference pays, done or under way. */
  async #find(reference: string): Promise<Omit<Payout, 'ecash'> | undefined> {
    const { storage, cashu } = this.#parts
    const found = await storage.read((tx) => cashu.findSend(tx, reference))
    return found && { amountSat: found.amountSat, mint: found.mint }
  }

  async #plan(wallet: Wallet, wish: Wish): Promise<Omit<Payout, 'ecash'>> {
    const { balance, funding } = await this.#parts.storage.read(async (tx) => ({
      balance: await balanceOf(tx, wallet.accountId),
      funding: await store.listFunding(tx, wallet.id),
    }))
    const available = floorSat(balance.available)
    if (wish.amountSat !== undefined && satToMsat(wish.amountSat) > balance.available) {
      throw new DomainError(
        'insufficient_balance',
        `The wallet has ${available} sat free, less than ${wish.amountSat}. Ask for less, or for all by leaving amount out. Nothing was paid out.`,
        { details: { available_msat: Number(balance.available) } },
      )
    }
    const source = wish.mint ? funding.find(({ mint }) => mint === wish.mint) : funding[0]
    if (available < 1) throw noBalance()
    if (!source || source.leftSat < (wish.amountSat ?? 1))
      throw mintNotFunded(wish.mint ?? source?.mint ?? 'any mint')
    return { amountSat: wish.amountSat ?? Math.min(available, source.leftSat), mint: source.mint }
  }
}

/** Names a refund by the version that it was saved with. */
function refundReference(wallet: Wallet, version: number): string {
  return `refund:${wallet.id}:${version}`
}

function checked<P extends Omit<Payout, 'ecash'>>(earlier: P, wish: Wish): P {
  const isSame =
    (wish.amountSat ?? earlier.amountSat) === earlier.amountSat &&
    (wish.mint ?? earlier.mint) === earlier.mint
  if (isSame) return earlier
  throw new DomainError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another amount or mint. Use a new key for a new withdrawal; nothing was paid out.',
  )
}

/** A withdrawal that was saved and has no ecash yet would be nobody's if its caller could not ask for it again. */
function namedBy(key: string, error: unknown): unknown {
  if (!(error instanceof DomainError)) return error
  const { code, message, details, retryAfterS } = error
  return new DomainError(code, `${message} Ask for it with the header Idempotency-Key: ${key}`, {
    details: { ...details, idempotency_key: key },
    cause: error,
    ...(retryAfterS !== undefined && { retryAfterS }),
  })
}

function noBalance(): DomainError {
  return new DomainError('no_balance_to_refund', 'No balance to refund')
}

function mintNotFunded(mint: string): DomainError {
  return new DomainError(
    'mint_not_funded',
    `A wallet is paid back in the money that came in: not that much of this wallet came from ${mint}. Ask for less, or for another mint; nothing was paid out.`,
  )
}
