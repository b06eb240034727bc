import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { msat } from '../money/index.ts'
import type { Storage } from '../storage/index.ts'
import { ScratchBooks } from './__fixtures__/scratch-books.ts'
import {
  type AccountId,
  balanceOf,
  hold,
  listOrphanHolds,
  settle,
  transfer,
  trialBalance,
  voidHold,
} from './index.ts'

let books: ScratchBooks
let storage: Storage
let wallet: AccountId
let asset: AccountId
let revenue: AccountId

beforeEach(async () => {
  books = await ScratchBooks.open()
  storage = books.storage
  ;({ wallet, asset, revenue } = books.accounts)
})
afterEach(() => books[Symbol.asyncDispose]())

const take = (atLeast: bigint, atMost: bigint) =>
  storage.transact((tx) =>
    hold(tx, {
      accountId: wallet,
      callId: 'call_1',
      atLeast: msat(atLeast),
      atMost: msat(atMost),
      boot: 'b',
      terms: '{}',
      at: 1,
    }),
  )

describe('the ledger', () => {
  test('a transfer with the same reference is posted once', async () => {
    expect(await books.fund('r1', 5000n)).toBe('posted')
    expect(await books.fund('r1', 5000n)).toBe('exists')
    expect((await storage.read((tx) => balanceOf(tx, wallet))).posted).toBe(5000n)
  })

  test('fifty holds at once never exceed the balance', async () => {
    await books.fund('r1', 10_000n)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => take(1000n, 1000n)))
    expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(10)
    expect((await storage.read((tx) => balanceOf(tx, wallet))).available).toBe(0n)
  })

  test('a hold takes what is there when that is enough for the gate', async () => {
    await books.fund('r1', 700n)
    const outcome = await take(500n, 1000n)
    expect(outcome).toMatchObject({ kind: 'held', hold: { amount: 700n } })
    expect(await take(1n, 1000n)).toEqual({ kind: 'short', available: 0n })
  })

  test('a hold resolves exactly once, and its charge is entered twice', async () => {
    await books.fund('r1', 1000n)
    const held = await take(1n, 600n)
    if (held.kind !== 'held') throw new Error('not held')
    const resolve = (charge: bigint) =>
      storage.transact((tx) =>
        settle(tx, { hold: held.hold, charge: msat(charge), to: revenue, usage: '{}', at: 2 }),
      )
    await expect(resolve(601n)).rejects.toMatchObject({ code: 'exceeds_hold_amount' })
    expect(await resolve(250n)).toMatchObject({ posted: 750n, reserved: 0n })
    await expect(resolve(1n)).rejects.toMatchObject({ code: 'hold_already_resolved' })
    await expect(
      storage.transact((tx) => voidHold(tx, { hold: held.hold, to: revenue, usage: '{}', at: 3 })),
    ).rejects.toMatchObject({ code: 'hold_already_resolved' })
    expect((await storage.read((tx) => balanceOf(tx, revenue))).posted).toBe(250n)
    expect(await storage.read(trialBalance)).toMatchObject({
      sum: 0n,
      wrongAccounts: [],
      wrongHolds: 0,
      openHolds: 0,
    })
  })

  test('a transfer cannot take what is reserved', async () => {
    await books.fund('r1', 1000n)
    await take(1n, 600n)
    const pay = storage.transact((tx) =>
      transfer(tx, {
        reference: 'out',
        reason: 'withdraw',
        at: 2,
        entries: [
          { account: wallet, amount: msat(-500n) },
          { account: asset, amount: msat(500n) },
        ],
      }),
    )
    await expect(pay).rejects.toMatchObject({ code: 'exceeds_credits' })
    expect(await storage.read(trialBalance)).toMatchObject({ sum: 0n, wrongAccounts: [] })
  })

  test('holds of other boots are found, those of this one are not', async () => {
    await books.fund('r1', 1000n)
    await take(1n, 600n)
    expect(await storage.read((tx) => listOrphanHolds(tx, { boot: 'b', limit: 10 }))).toEqual([])
    expect(await storage.read((tx) => listOrphanHolds(tx, { boot: 'c', limit: 10 }))).toHaveLength(1)
  })
})
