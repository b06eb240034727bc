import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assert } from '../lib/index.ts'
import { msat } from '../money/index.ts'
import type { Storage } from '../storage/index.ts'
import { ScratchBooks } from './__fixtures__/scratch-books.ts'
import {
  type AccountId,
  balanceOf,
  chargeOf,
  heldFor,
  type Hold,
  hold,
  returnCharge,
  settle,
  totalsOf,
  trialBalance,
  voidHold,
} from './index.ts'

let books: ScratchBooks
let storage: Storage
let wallet: AccountId
let revenue: AccountId
let held: Hold

beforeEach(async () => {
  books = await ScratchBooks.open()
  storage = books.storage
  ;({ wallet, revenue } = books.accounts)
  await books.fund('r', 1000n)
  await storage.transact(async (tx) => {
    const made = await hold(tx, {
      accountId: wallet,
      callId: 'call_1',
      atLeast: msat(1n),
      atMost: msat(500n),
      boot: 'boot_1',
      terms: '{}',
      at: 1,
    })
    assert(made.kind === 'held', 'there is enough')
    held = made.hold
  })
})
afterEach(() => books[Symbol.asyncDispose]())

const close = (charge: bigint) =>
  storage.transact((tx) => {
    const closing = { hold: held, to: revenue, usage: '{}', at: 2 }
    return charge === 0n ? voidHold(tx, closing) : settle(tx, { ...closing, charge: msat(charge) })
  })
const giveBack = () => storage.transact((tx) => returnCharge(tx, { holdId: held.id, from: revenue, at: 3 }))
const walletBalance = async () => (await storage.read((tx) => balanceOf(tx, wallet))).available

/** What others are told of the call. */
const read = () =>
  storage.read(async (tx) => ({
    totals: await totalsOf(tx, wallet),
    charge: await chargeOf(tx, held.id),
    held: await heldFor(tx, 'call_1'),
  }))

describe('a charge that is given back', () => {
  test('is the payer’s again, once, and leaves the books in order', async () => {
    await close(123n)
    expect(await walletBalance()).toBe(877n)
    expect(await giveBack()).toEqual({ accountId: wallet, charge: 123n })
    expect(await giveBack()).toBeUndefined()
    expect(await walletBalance()).toBe(1000n)
    expect(await storage.read((tx) => balanceOf(tx, revenue))).toMatchObject({ posted: 0n })
    expect(await storage.read(trialBalance)).toMatchObject({ sum: 0n, wrongAccounts: [], wrongHolds: 0 })
  })

  test('is no call that was paid for', async () => {
    await close(123n)
    expect(await read()).toEqual({
      totals: { requests: 1, spent: 123n },
      charge: 123n,
      held: { held: 500n, charge: 123n },
    })
    await giveBack()
    expect(await read()).toEqual({
      totals: { requests: 0, spent: 0n },
      charge: 0n,
      held: { held: 500n, charge: 0n },
    })
  })

  test('was taken: an open or void hold gives nothing back', async () => {
    expect(await giveBack()).toBeUndefined()
    await close(0n)
    expect(await giveBack()).toBeUndefined()
    expect(await walletBalance()).toBe(1000n)
  })
})
