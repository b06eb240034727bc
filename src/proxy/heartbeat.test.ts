import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AccountId, type Hold, hold, listOrphanHolds, openAccount, transfer } from '../ledger/index.ts'
import { msat } from '../money/index.ts'
import { Storage } from '../storage/index.ts'
import { Heartbeat } from './heartbeat.ts'

let dir: string
let storage: Storage
let heartbeat: Heartbeat
let wallet: AccountId

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-heartbeat-'))
  storage = Storage.open(dir)
  heartbeat = new Heartbeat(storage)
  wallet = await storage.transact(async (tx) => {
    const account = await openAccount(tx, { code: 'wallet:w', kind: 'liability' })
    const mint = await openAccount(tx, { code: 'asset:held:m', kind: 'asset' })
    const entries = [
      { account, amount: msat(1000n) },
      { account: mint, amount: msat(-1000n) },
    ]
    await transfer(tx, { reference: 'fund', reason: 'fund', entries, at: 1 })
    return account
  })
})
afterEach(async () => {
  heartbeat.stop()
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

async function open(callId: string): Promise<Hold> {
  const amount = { atLeast: msat(10n), atMost: msat(10n) }
  const request = { accountId: wallet, callId, ...amount, boot: 'this', terms: '{}', at: 1 }
  const outcome = await storage.transact((tx) => hold(tx, request))
  if (outcome.kind !== 'held') throw new Error('the wallet of this test is funded')
  return outcome.hold
}
async function saved(): Promise<Record<string, string | undefined>> {
  const orphans = await storage.read((tx) => listOrphanHolds(tx, { boot: 'next', limit: 10 }))
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
