import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, trialBalance } from '../../src/ledger/index.ts'
import { Storage } from '../../src/storage/index.ts'
import { Books, rounds, seen, WALLETS } from './support/ledger-model.ts'

let dir: string
let storage: Storage
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-ledger-'))
  storage = Storage.open(dir)
})
afterAll(async () => {
  await storage[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

describe('the ledger', () => {
  test('does what a simple model does under any interleaving, and its books always add up', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        runs += 1
        const run = `run${runs}`
        const accounts = await storage.transact(async (tx) => {
          const asset = await openAccount(tx, { code: `asset:${run}`, kind: 'asset' })
          const income = await openAccount(tx, { code: `income:${run}`, kind: 'income' })
          const opened = [asset, income]
          for (let i = 0; i < WALLETS; i += 1)
            opened.push(await openAccount(tx, { code: `wallet:${run}:${i}`, kind: 'liability' }))
          return opened
        })
        const books = new Books(storage, accounts, run)
        for (const round of all) await books.round(round)
      }),
      { numRuns: 150 },
    )
    const trial = await storage.read(trialBalance)
    expect(trial).toMatchObject({ sum: 0n, wrongAccounts: [], wrongHolds: 0 })
    expect(trial.entries).toBeGreaterThan(100)
    const kinds = [
      'transfer posted',
      'transfer exists',
      'transfer exceeds_credits',
      'held',
      'clamped',
      'short',
    ]
    kinds.push('settled', 'voided', 'exceeds_hold_amount', 'hold_already_resolved')
    kinds.push('beat', 'late beat', 'failed work')
    expect(kinds.filter((kind) => (seen.get(kind) ?? 0) < 5)).toEqual([])
  })
})
