import { hash } from 'node:crypto'
import { readEcash } from '../cashu/index.ts'
import { balanceOf } from '../ledger/index.ts'
import { DomainError, newId } from '../lib/index.ts'
import { floorSat, satToMsat } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import * as store from './wallet-store.ts'
import type { Wallet, WalletParts } from './wallets.ts'

export interface Payout {
  readonly ecash: string
  readonly amountSat: number
  readonly mint: string
}

/** Pays wallets out, in ecash of mints they were funded from. */
export class Payouts {
  readonly #parts: Omit<WalletParts, 'walletKey'>

  constructor(parts: Omit<WalletParts, 'walletKey'>) {
    this.#parts = parts
  }

  /**
   * Takes ecash out of a wallet: `amountSat` of face value, else all that one mint can give. With an idempotency key
   * the same request answers the same ecash.
   * @throws DomainError `insufficient_balance`, `mint_not_funded`, `no_balance_to_refund`, `idempotency_key_reused`
   */
  async withdraw(
    wallet: Wallet,
    wish: { amountSat?: number | undefined; mint?: string | undefined; idempotencyKey?: string | undefined },
  ): Promise<Payout> {
    const name = wish.idempotencyKey ? hash('sha256', wish.idempotencyKey, 'hex') : newId('withdrawal')
    const reference = `withdraw:${wallet.id}:${name}`
    const earlier = await this.#stored(reference)
    if (earlier) return replay(earlier, wish)
    const { amountSat, mint } = await this.#plan(wallet, wish)
    const join = async (tx: Tx): Promise<void> => {
      const isTaken = await store.takeFunding(tx, { walletId: wallet.id, mint, sats: amountSat })
      if (!isTaken) throw mintNotFunded(mint)
    }
    const ecash = await this.#parts.cashu.send({ reference, from: wallet.accountId, mint, amountSat, join })
    return { ecash, amountSat, mint }
  }

  /**
   * Pays out all that one mint can give; the rest stays and the next call pays it. Idempotent by balance version: when
   * nothing came in since, an empty wallet answers its last refund again.
   * @throws DomainError `no_balance_to_refund`, `refund_ongoing_requests`
   */
  async refund(wallet: Wallet): Promise<Payout> {
    const { storage, cashu } = this.#parts
    const { row, balance } = await storage.read(async (tx) => ({
      row: await store.findById(tx, wallet.id),
      balance: await balanceOf(tx, wallet.accountId),
    }))
    if (!row) throw noBalance()
    if (balance.reserved > 0n) {
      throw new DomainError(
        'refund_ongoing_requests',
        'Cannot refund key. There are ongoing requests for this api key.',
      )
    }
    // An odd version names the refund that was paid last, an even one says that money came in since.
    const isPaid = row.refundVersion % 2 === 1
    if (floorSat(balance.available) < 1) {
      if (!isPaid) throw noBalance()
      return this.#finished(wallet, refundReference(wallet, row.refundVersion))
    }
    const version = row.refundVersion + (isPaid ? 2 : 1)
    const { amountSat, mint } = await this.#plan(wallet, {})
    const join = async (tx: Tx): Promise<void> => {
      const isTaken = await store.takeFunding(tx, { walletId: wallet.id, mint, sats: amountSat })
      if (!isTaken) throw mintNotFunded(mint)
      await store.setRefundVersion(tx, { id: wallet.id, version })
    }
    const reference = refundReference(wallet, version)
    const ecash = await cashu.send({ reference, from: wallet.accountId, mint, amountSat, join })
    return { ecash, amountSat, mint }
  }

  /** A payout that was saved before; one that is still under way at its mint is waited for, never made again. */
  async #finished(wallet: Wallet, reference: string): Promise<Payout> {
    const { storage, cashu } = this.#parts
    const earlier = await this.#stored(reference)
    if (earlier) return earlier
    const [source] = await storage.read((tx) => store.listFunding(tx, wallet.id))
    const mint = source?.mint ?? ''
    const ecash = await cashu.send({ reference, from: wallet.accountId, mint, amountSat: 1 })
    return { ecash, amountSat: readEcash(ecash).faceSat, mint: readEcash(ecash).mint }
  }

  async #stored(reference: string): Promise<Payout | undefined> {
    const { storage, cashu } = this.#parts
    const ecash = await storage.read((tx) => cashu.storedSend(tx, reference))
    if (ecash === undefined) return undefined
    const { faceSat, mint } = readEcash(ecash)
    return { ecash, amountSat: faceSat, mint }
  }

  async #plan(
    wallet: Wallet,
    wish: { amountSat?: number | undefined; mint?: string | undefined },
  ): Promise<{ amountSat: number; mint: string }> {
    const { balance, funding } = await this.#parts.storage.read(async (tx) => ({
      balance: await balanceOf(tx, wallet.accountId),
      funding: await store.listFunding(tx, wallet.id),
    }))
    const available = floorSat(balance.available)
    if (wish.amountSat !== undefined && satToMsat(wish.amountSat) > balance.available) {
      throw new DomainError(
        'insufficient_balance',
        `The wallet has ${available} sat free, less than ${wish.amountSat}. Nothing was paid out.`,
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

function refundReference(wallet: Wallet, version: number): string {
  return `refund:${wallet.id}:${version}`
}

function replay(
  earlier: Payout,
  wish: { amountSat?: number | undefined; mint?: string | undefined },
): Payout {
  const isSame =
    (wish.amountSat ?? earlier.amountSat) === earlier.amountSat &&
    (wish.mint ?? earlier.mint) === earlier.mint
  if (isSame) return earlier
  throw new DomainError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another amount or mint. Use a new key for a new withdrawal; nothing was paid out.',
  )
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
