import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { msat } from '../../money/index.ts'
import { Storage } from '../../storage/index.ts'
import { type AccountId, openAccount, transfer } from '../index.ts'

interface Accounts {
  readonly wallet: AccountId
  readonly asset: AccountId
  readonly revenue: AccountId
}

/** Books in a folder of their own: one wallet, the mint that holds its money, and where charges go. */
export class ScratchBooks implements AsyncDisposable {
  readonly storage: Storage
  readonly accounts: Accounts
  readonly #dir: string

  private constructor(storage: Storage, accounts: Accounts, dir: string) {
    this.storage = storage
    this.accounts = accounts
    this.#dir = dir
  }

  static async open(): Promise<ScratchBooks> {
    const dir = mkdtempSync(join(tmpdir(), 'farebox-books-'))
    const storage = Storage.open(dir)
    const accounts = await storage.transact(async (tx) => ({
      wallet: await openAccount(tx, { code: 'wallet:w', kind: 'liability' }),
      asset: await openAccount(tx, { code: 'asset:held:m', kind: 'asset' }),
      revenue: await openAccount(tx, { code: 'income:usage', kind: 'income' }),
    }))
    return new ScratchBooks(storage, accounts, dir)
  }

  /** Puts money into the wallet, as ecash that came in would. */
  fund(reference: string, amountMsat: bigint): ReturnType<typeof transfer> {
    const { wallet, asset } = this.accounts
    const entries = [
      { account: asset, amount: msat(-amountMsat) },
      { account: wallet, amount: msat(amountMsat) },
    ]
    return this.storage.transact((tx) => transfer(tx, { reference, reason: 'receive', at: 1, entries }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage[Symbol.asyncDispose]()
    rmSync(this.#dir, { recursive: true })
  }
}
