import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cashu, type CashuOptions } from '../../../src/cashu/index.ts'
import { type AccountId, balanceOf, openAccount, trialBalance } from '../../../src/ledger/index.ts'
import { fixed, systemClock } from '../../../src/lib/index.ts'
import { Storage, Vault } from '../../../src/storage/index.ts'

/** A database with the cashu room on it, and one account to credit and debit. */
export interface CashuNode extends AsyncDisposable {
  readonly storage: Storage
  readonly vault: Vault
  readonly cashu: Cashu
  readonly account: AccountId
  readonly events: readonly string[]
  /** Msat on the account. */
  balance(): Promise<bigint>
  /** Closes and opens again on the same data, as after a clean stop. */
  reopen(change?: Partial<CashuOptions>): Promise<CashuNode>
}

export interface NodeOptions extends Partial<CashuOptions> {
  readonly dir?: string
  readonly rootKey?: Buffer
}

export async function openCashuNode(mints: readonly string[], options: NodeOptions = {}): Promise<CashuNode> {
  const { dir = mkdtempSync(join(tmpdir(), 'farebox-cashu-')), rootKey = randomBytes(32), ...rest } = options
  const storage = Storage.open(dir)
  const vault = new Vault([rootKey])
  const events: string[] = []
  const cashu = await Cashu.open({
    storage,
    vault,
    mints: fixed(mints),
    clock: systemClock,
    timeoutMs: 400,
    waitMs: 10_000,
    onEvent: (event) => events.push(event),
    ...rest,
  })
  const account = await storage.transact((tx) => openAccount(tx, { code: 'wallet:test', kind: 'liability' }))
  const close = async (): Promise<void> => {
    await cashu.close()
    await storage[Symbol.asyncDispose]()
  }
  return {
    storage,
    vault,
    cashu,
    account,
    events,
    balance: async () => (await storage.read((tx) => balanceOf(tx, account))).posted,
    reopen: async (change = {}) => {
      await close()
      return openCashuNode(mints, { ...rest, ...change, dir, rootKey })
    },
    [Symbol.asyncDispose]: async () => {
      await close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Everything that must hold whenever nothing is under way: see DESIGN §4. Empty when it does. */
export async function faultsInBooks(node: CashuNode): Promise<string[]> {
  const { storage, cashu } = node
  const faults: string[] = []
  const books = await storage.read((tx) => cashu.books(tx))
  const trial = await storage.read(trialBalance)
  if (!books.isBalanced) faults.push(`books: ${JSON.stringify(books.perMint)}`)
  if (books.running > 0) faults.push(`${books.running} operations are under way`)
  if (trial.sum !== 0n) faults.push(`the entries sum to ${trial.sum}`)
  if (trial.wrongAccounts.length > 0) faults.push(`wrong balances: ${trial.wrongAccounts.join(' ')}`)
  for (const at of books.perMint) {
    const [held, issued, owed] = await storage.transact(async (tx) => [
      await postedOn(tx, `asset:held:${at.mint}`, 'asset'),
      await postedOn(tx, `asset:issued:${at.mint}`, 'asset'),
      await postedOn(tx, `liability:issued:${at.mint}`, 'liability'),
    ])
    if (held !== -1000n * BigInt(at.heldSat)) faults.push(`ledger holds ${held}, coins are ${at.heldSat} sat`)
    if (issued !== -1000n * BigInt(at.issuedSat))
      faults.push(`ledger issued ${issued}, coins are ${at.issuedSat} sat`)
    if (owed !== 1000n * BigInt(at.issuedSat))
      faults.push(`ledger owes ${owed}, issued are ${at.issuedSat} sat`)
    const states = await cashu.statesAtMint(at.mint)
    if (states.pending > 0) faults.push(`${states.pending} coins are pending at the mint`)
    if (states.spent > 0) faults.push(`${states.spent} coins that we hold are spent at the mint`)
  }
  return faults
}

async function postedOn(
  tx: Parameters<Parameters<Storage['transact']>[0]>[0],
  code: string,
  kind: 'asset' | 'liability',
): Promise<bigint> {
  return (await balanceOf(tx, await openAccount(tx, { code, kind }))).posted
}
