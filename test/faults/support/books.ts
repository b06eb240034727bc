import type { App } from '../../../src/app.ts'
import { balanceOf, openAccount, trialBalance } from '../../../src/ledger/index.ts'

const asset = { held: 'asset:held', issued: 'asset:issued' } as const

/** Everything that must hold of a node at which nothing is under way (DESIGN §4). Empty when it does. */
export async function faultsOf({ rooms }: App): Promise<string[]> {
  const { storage, cashu } = rooms
  await cashu.sweepIssued()
  const faults: string[] = []
  const say = (isRight: boolean, fault: string): void => {
    if (!isRight) faults.push(fault)
  }
  const trial = await storage.read(trialBalance)
  say(trial.entries > 0, 'the books are empty')
  say(trial.sum === 0n, `the entries sum to ${trial.sum}`)
  say(trial.wrongAccounts.length === 0, `wrong balances: ${trial.wrongAccounts.join(' ')}`)
  say(trial.wrongHolds === 0, `${trial.wrongHolds} wrong holds`)
  say(trial.openHolds === 0, `${trial.openHolds} holds are open`)
  const books = await storage.read((tx) => cashu.books(tx))
  say(books.perMint.length > 0, 'no mint has been dealt with')
  say(books.isBalanced, `coins: ${JSON.stringify(books.perMint)}`)
  say(books.running === 0, `${books.running} operations are under way`)
  say(books.needAttention === 0, `${books.needAttention} operations need attention`)
  for (const at of books.perMint) {
    const held = await posted({ rooms }, `${asset.held}:${at.mint}`)
    const issued = await posted({ rooms }, `${asset.issued}:${at.mint}`)
    say(held === -1000n * BigInt(at.heldSat), `the ledger holds ${held}, the coins ${at.heldSat} sat`)
    say(issued === -1000n * BigInt(at.issuedSat), `the ledger gave ${issued}, the coins ${at.issuedSat} sat`)
    const { spent, pending } = await cashu.statesAtMint(at.mint)
    say(spent + pending === 0, `of our coins the mint calls ${spent} spent and ${pending} pending`)
  }
  return faults
}

/** What was earned by calls, in msat. */
export async function earned({ rooms }: App): Promise<bigint> {
  return (await rooms.storage.read((tx) => balanceOf(tx, rooms.revenue))).posted
}

async function posted({ rooms }: Pick<App, 'rooms'>, code: string): Promise<bigint> {
  return rooms.storage.transact(
    async (tx) => (await balanceOf(tx, await openAccount(tx, { code, kind: 'asset' }))).posted,
  )
}
