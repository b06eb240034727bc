import { expect } from 'vitest'
import { readEcash } from '../../src/cashu/index.ts'
import { trialBalance } from '../../src/ledger/index.ts'
import type { TestNode } from './test-node.ts'

/** What a call used, in tokens. */
export interface Counts {
  readonly input: number
  readonly output: number
}

// gpt-4o-mini: 0.15 and 0.60 USD a million tokens, margin 10 %, 100,000 USD a bitcoin: 1 msat is 1,000,000 pico-USD.
const INPUT_PICO_USD = 150_000n
const OUTPUT_PICO_USD = 600_000n

/** The charge in msat at the test node's price of gpt-4o-mini: integer arithmetic of our own, rounded up once. */
export function chargeOf({ input, output }: Counts): number {
  const pico = BigInt(input) * INPUT_PICO_USD + BigInt(output) * OUTPUT_PICO_USD
  return Number((pico * 11n + 9_999_999n) / 10_000_000n)
}

/** A wallet of its own, by its `sk-` key. The mint takes its fee from the sats. */
export async function openWallet(node: TestNode, sats: number): Promise<string> {
  const { api_key: key } = await node.get('/v1/wallet/info', await node.mint.mintEcash(sats))
  return String(key)
}

/** The free balance of a wallet in msat. */
export async function balanceOf(node: TestNode, key: string): Promise<number> {
  const { balance, reserved } = await node.get('/v1/wallet/info', key)
  expect(reserved).toBe(0)
  return Number(balance)
}

/** The books add up and nothing is set aside any more. */
export async function expectBalancedBooks(node: TestNode): Promise<void> {
  expect(await node.app.rooms.storage.read(trialBalance)).toMatchObject({
    sum: 0n,
    wrongAccounts: [],
    wrongHolds: 0,
    openHolds: 0,
  })
}

export function satsIn(ecash: string): number {
  return readEcash(ecash).faceSat
}

/** The JSON payloads of a stream, `[DONE]` as text. */
export function eventsOf(text: string): unknown[] {
  return text
    .split(/\r?\n\r?\n/)
    .filter((event) => event.startsWith('data: '))
    .map((event) => {
      const data = event.slice('data: '.length)
      return data === '[DONE]' ? data : JSON.parse(data)
    })
}
