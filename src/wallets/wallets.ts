import { LRUCache } from 'lru-cache'
import { type Cashu, type Ecash, readEcash, type ReceiveView } from '../cashu/index.ts'
import {
  type AccountId,
  type Balance,
  balanceOf,
  type CallTotals,
  openAccount,
  totalsOf,
} from '../ledger/index.ts'
import { type Clock, DomainError } from '../lib/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { deriveAdminKey, deriveKey, hashKey } from './keys.ts'
import { versionWithMoney } from './refund-version.ts'
import { refusedReceive } from './refusals.ts'
import * as store from './wallet-store.ts'

export interface Wallet {
  readonly id: string
  readonly accountId: AccountId
}

interface WalletInfo {
  readonly balance: Balance
  /** Undefined for a caller who shows the raw ecash of a wallet whose `sk-` key is in use. */
  readonly key: string | undefined
  readonly mints: readonly store.Funding[]
  readonly totals: CallTotals
}

export interface WalletParts {
  readonly storage: Storage
  readonly cashu: Cashu
  readonly walletKey: Buffer
  readonly clock: Clock
}

const CACHED_CREDENTIALS = 50_000

/** Customers' balances: opened, found, topped up. Paying them out is `payout.ts`. */
export class Wallets {
  readonly #parts: WalletParts
  readonly #byCredential = new LRUCache<string, Wallet>({ max: CACHED_CREDENTIALS })
  readonly #usedKeys = new Set<string>()

  constructor(parts: WalletParts) {
    this.#parts = parts
    parts.cashu.onCredited('wallet', (tx, operation) => this.#credited(tx, operation))
    parts.cashu.onCredited('topup', (tx, operation) => this.#funded(tx, operation))
    // Its row was saved with the operation; what the mint refused is nobody's wallet.
    parts.cashu.onRefused('wallet', (tx, { ecashId }) => store.deleteWallet(tx, `wal_${ecashId}`))
  }

  /** The wallet of an `sk-` key. Using the key once takes from the raw ecash the right to move money out. */
  async findByKey(key: string): Promise<Wallet | undefined> {
    const known = this.#byCredential.get(key)
    if (known) return known
    const row = await this.#parts.storage.read((tx) => store.findByKeyHash(tx, hashKey(key)))
    if (!row) return undefined
    if (!row.isKeyUsed && !this.#usedKeys.has(row.id)) {
      await this.#parts.storage.transact((tx) => store.markKeyUsed(tx, row.id))
      this.#usedKeys.add(row.id)
    }
    this.#byCredential.set(key, row)
    return row
  }

  /**
   * The wallet that ecash became, or undefined where it has never been used.
   * @throws DomainError `invalid_cashu_token`, `invalid_api_key` where it was spent on something else,
   *   `cashu_mint_unreachable` while its receive is in doubt
   */
  async findByEcash(text: string): Promise<Wallet | undefined> {
    const known = this.#byCredential.get(text)
    if (known) return known
    const ecash = readEcash(text)
    const found = await this.#parts.cashu.find(ecash)
    if (found.kind === 'unknown') return undefined
    if (found.kind === 'overlaps') throw refusedReceive(found)
    const { purpose, state } = found.operation
    if (purpose !== 'wallet') throw state === 'saved' ? inDoubt() : spentElsewhere()
    if (state === 'refused') throw spentElsewhere()
    if (state !== 'done') return this.openAsKey(ecash)
    const row = await this.#parts.storage.read((tx) => store.findById(tx, walletIdOf(ecash)))
    if (row) this.remember(text, row)
    return row
  }

  /**
   * Receives ecash that stands where a key goes.
   * @throws DomainError `invalid_api_key` where it was spent before, else as `openWithEcash`
   */
  async openAsKey(ecash: Ecash): Promise<Wallet> {
    try {
      const { wallet } = await this.openWithEcash(ecash, {})
      return wallet
    } catch (error) {
      const isSpent = error instanceof DomainError && error.code === 'cashu_token_already_spent'
      throw isSpent ? spentElsewhere() : error
    }
  }

  /** Keeps a credential's wallet in memory, so that the next call need not look it up. */
  remember(credential: string, wallet: Wallet): void {
    this.#byCredential.set(credential, { id: wallet.id, accountId: wallet.accountId })
  }

  /**
   * The wallet of ecash, made where it is new. What is worth too little or is not ours to take is refused untouched.
   * @throws DomainError as `findByEcash` and `cashu.inspect` do
   */
  async create(
    ecash: Ecash,
    options: { adminKey?: string | undefined },
  ): Promise<{ wallet: Wallet; isNew: boolean }> {
    const found = await this.#parts.cashu.find(ecash)
    if (found.kind === 'unknown') await this.#parts.cashu.inspect(ecash)
    return this.openWithEcash(ecash, options)
  }

  /**
   * Receives ecash into a new wallet; many at once are one. The same ecash always leads to the same wallet.
   * @returns the wallet, and whether this call made it
   */
  async openWithEcash(
    ecash: Ecash,
    { adminKey }: { adminKey?: string | undefined },
  ): Promise<{ wallet: Wallet; isNew: boolean }> {
    const { cashu } = this.#parts
    const id = walletIdOf(ecash)
    let isNew = false
    const outcome = await cashu.receive({
      ecash,
      purpose: 'wallet',
      accountId: async (tx) => {
        const accountId = await openAccount(tx, { code: `wallet:${id}`, kind: 'liability' })
        await this.#insert(tx, { id, accountId, adminKey })
        isNew = true
        return accountId
      },
    })
    if (outcome.kind !== 'credited') throw refusedReceive(outcome)
    return { wallet: { id, accountId: outcome.operation.accountId }, isNew }
  }

  /**
   * Adds ecash to a wallet. The same ecash adds once, and repeating the request answers the same.
   * @returns what was added, in sats, after the mint's fee
   */
  async topup(wallet: Wallet, ecash: Ecash): Promise<number> {
    const { cashu } = this.#parts
    const found = await cashu.find(ecash)
    if (found.kind === 'unknown') await cashu.inspect(ecash)
    const outcome = await cashu.receive({ ecash, purpose: 'topup', accountId: wallet.accountId })
    if (outcome.kind === 'credited') return outcome.netSat
    throw refusedReceive(outcome)
  }

  async info(wallet: Wallet, { byRawEcash }: { byRawEcash: boolean }): Promise<WalletInfo> {
    return this.#parts.storage.read(async (tx) => {
      const row = await store.findById(tx, wallet.id)
      const hidesKey = byRawEcash && (row?.isKeyUsed ?? false)
      return {
        balance: await balanceOf(tx, wallet.accountId),
        key: hidesKey ? undefined : this.#keyOf(wallet.id, row?.keyVersion ?? 1),
        mints: await store.listFunding(tx, wallet.id),
        totals: await totalsOf(tx, wallet.accountId),
      }
    })
  }

  /** @throws DomainError `raw_ecash_not_allowed` once the `sk-` key was used */
  async requireFullRights(wallet: Wallet, { byRawEcash }: { byRawEcash: boolean }): Promise<void> {
    if (!byRawEcash) return
    const row = await this.#parts.storage.read((tx) => store.findById(tx, wallet.id))
    if (!row?.isKeyUsed) return
    throw new DomainError(
      'raw_ecash_not_allowed',
      'This wallet has an sk- key in use; money leaves it by that key only, because others have seen the raw ecash.',
    )
  }

  /** The admin key that a new wallet has unless its owner brought one. */
  adminKeyOf(wallet: Wallet): string {
    return deriveAdminKey(this.#parts.walletKey, wallet.id)
  }

  #keyOf(id: string, version: number): string {
    return deriveKey(this.#parts.walletKey, { id, version })
  }

  async #insert(
    tx: Tx,
    { id, accountId, adminKey }: { id: string; accountId: AccountId; adminKey: string | undefined },
  ): Promise<void> {
    await store.insertWallet(tx, {
      id,
      accountId,
      keyHash: hashKey(this.#keyOf(id, 1)),
      adminKeyHash: hashKey(adminKey ?? deriveAdminKey(this.#parts.walletKey, id)),
      at: this.#parts.clock.now(),
    })
  }

  async #credited(tx: Tx, operation: ReceiveView): Promise<void> {
    const id = `wal_${operation.ecashId}`
    await store.addFunding(tx, { walletId: id, mint: operation.mint, sats: operation.netSat })
  }

  async #funded(tx: Tx, operation: ReceiveView): Promise<void> {
    const wallet = await store.findByAccount(tx, operation.accountId)
    if (!wallet) throw new Error('a top-up names an account without a wallet')
    await store.addFunding(tx, { walletId: wallet.id, mint: operation.mint, sats: operation.netSat })
    const version = versionWithMoney(wallet.refundVersion)
    if (version !== wallet.refundVersion) await store.setRefundVersion(tx, { id: wallet.id, version })
  }
}

function walletIdOf(ecash: Ecash): string {
  return `wal_${ecash.ecashId}`
}

/** Clients throw a key away that is called spent; while its mint has not answered, nobody knows that. */
function inDoubt(): DomainError {
  return new DomainError(
    'cashu_mint_unreachable',
    'This ecash is in a payment that its mint has not answered yet. Send that payment again; nothing was charged here.',
    { retryAfterS: 5 },
  )
}

function spentElsewhere(): DomainError {
  return new DomainError(
    'invalid_api_key',
    'This ecash is not a key: its proofs already spent, by a payment, a top-up or elsewhere. Nothing was charged.',
  )
}
