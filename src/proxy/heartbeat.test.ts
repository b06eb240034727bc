import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScratchBooks } from '../ledger/__fixtures__/scratch-books.ts'
import { type Hold, hold, listOrphanHolds } from '../ledger/index.ts'
import { msat } from '../money/index.ts'
import { Heartbeat } from './heartbeat.ts'

let books: ScratchBooks
let heartbeat: Heartbeat

beforeEach(async () => {
  books = await ScratchBooks.open()
  await books.fund('r', 1000n)
  heartbeat = new Heartbeat(books.storage)
})
afterEach(async () => {
  heartbeat.stop()
  await books[Symbol.asyncDispose]()
})

async function open(callId: string): Promise<Hold> {
  const amount = { atLeast: msat(10n), atMost: msat(10n) }
  const request = { accountId: books.accounts.wallet, callId, ...amount, boot: 'this', terms: '{}', at: 1 }
  const outcome = await books.storage.transact((tx) => hold(tx, request))
  if (outcome.kind !== 'held') throw new Error('the wallet of this test is funded')
  return outcome.hold
}
async function saved(): Promise<Record<string, string | undefined>> {
  const orphans = await books.storage.read((tx) => listOrphanHolds(tx, { boot: 'next', limit: 10 }))
  return Object.fromEntries(orphans.map((orphan) => [orphan.hold.callId, orphan.delivered]))
}

describe('the heartbeat', () => {
  test('saves what the running calls have delivered, whichever of them ended before', async () => {
    const ends: (() => void)[] = []
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      const delivered = { outputEstimate: index, hasContent: true }
      ends.push(heartbeat.watch(await open(name), () => delivered))
    }
    // The first and the last: one gives its place to another call, one to none.
    ends[0]?.()
    ends[3]?.()
    ends[0]?.()
    expect(heartbeat.running).toBe(2)
    await heartbeat.beat()
    expect(await saved()).toEqual({
      a: undefined,
      b: '{"outputEstimate":1,"hasContent":true}',
      c: '{"outputEstimate":2,"hasContent":true}',
      d: undefined,
    })
    for (const end of ends) end()
    expect(heartbeat.running).toBe(0)
  })

  test('saves nothing of a call that has delivered nothing yet', async () => {
    heartbeat.watch(await open('a'), () => undefined)
    await heartbeat.beat()
    expect(await saved()).toEqual({ a: undefined })
  })
})
