import { transfer } from '../ledger/index.ts'
import { failpoint, newId } from '../lib/index.ts'
import { satToMsat, subMsat, ZERO } from '../money/index.ts'
import type { Mint } from './mint/mint.ts'
import type { ProofState } from './mint/replies.ts'
import { mintUnreachable } from './problems.ts'
import type { Room } from './room.ts'
import { listByState, markSpent, type ProofStatus } from './store/proof-store.ts'

const BATCH = 100

/** Asks the mints about all ecash that was given out (NUT-07) and books what was spent. Gives how many coins that were. */
export async function sweepIssued(room: Room): Promise<number> {
  let seen = 0
  for (const mint of room.mints.values()) {
    for await (const states of statesOf(room, { mint, states: ['issued'] })) {
      const spent = states.filter(({ state }) => state === 'SPENT').map(({ y }) => y)
      if (spent.length > 0) seen += await bookSpent(room, mint, spent)
    }
  }
  return seen
}

async function bookSpent(room: Room, mint: Mint, ys: readonly Buffer[]): Promise<number> {
  failpoint('sweep.seen')
  const at = room.clock.now()
  const count = await room.storage.transact(async (tx) => {
    const amounts: number[] = []
    for (const y of ys) amounts.push(await markSpent(tx, y))
    const amount = satToMsat(amounts.reduce((sum, each) => sum + each, 0))
    const { owed, issued } = mint.accounts
    const entries = [
      { account: owed, amount: subMsat(ZERO, amount) },
      { account: issued, amount },
    ]
    await transfer(tx, { reference: newId('sweep', at), reason: 'issued ecash spent', entries, at })
    return amounts.filter((each) => each > 0).length
  })
  failpoint('sweep.committed')
  return count
}

export interface StateCounts {
  readonly unspent: number
  readonly spent: number
  readonly pending: number
}

/** What the mint says of every coin that we believe unspent. @throws DomainError `cashu_mint_unreachable` */
export async function countStates(room: Room, mint: Mint): Promise<StateCounts> {
  const counts = { UNSPENT: 0, SPENT: 0, PENDING: 0 }
  for await (const states of statesOf(room, { mint, states: ['ready', 'reserved', 'issued'] })) {
    if (states.length === 0) throw mintUnreachable(mint.url)
    for (const { state } of states) counts[state] += 1
  }
  return { unspent: counts.UNSPENT, spent: counts.SPENT, pending: counts.PENDING }
}

/** Page by page; a page that the mint does not answer about is empty, and the last. */
async function* statesOf(
  room: Room,
  { mint, states }: { mint: Mint; states: readonly ProofStatus[] },
): AsyncGenerator<{ y: Buffer; state: ProofState }[]> {
  let after: Buffer = Buffer.alloc(0)
  for (;;) {
    const from = after
    const ys = await room.storage.read((tx) =>
      listByState(tx, { mint: mint.url, states, after: from, limit: BATCH }),
    )
    if (ys.length === 0) return
    const reply = await mint.client.states(ys.map((y) => y.toString('hex')))
    if (reply.kind !== 'ok') {
      yield []
      return
    }
    const known = new Map(reply.value.states.map(({ Y, state }) => [Y.toLowerCase(), state]))
    yield ys.flatMap((y) => {
      const state = known.get(y.toString('hex'))
      return state ? [{ y, state }] : []
    })
    after = ys.at(-1) ?? after
  }
}
