import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Keysets } from './keysets.ts'
import { Mint } from './mint.ts'
import { answer } from './routes.ts'

const calls = [
  'POST /v1/swap',
  'POST /v1/checkstate',
  'POST /v1/restore',
  'POST /v1/mint/bolt11',
  'POST /v1/mint/quote/bolt11',
  'GET /v1/keys/x',
]

describe('bodies of any kind', () => {
  test('are refused or answered, never an error of the mint, and make no money', () => {
    const mint = new Mint(new Keysets(2), 'sat')
    const { id } = mint.keysets.rotate('sat', 0)
    const point = fc.oneof(
      fc.string(),
      fc.constant(`02${'11'.repeat(32)}`),
      fc.constant(`03${'ff'.repeat(32)}`),
    )
    const amount = fc.oneof(fc.integer(), fc.constant(1), fc.double(), fc.constant(2 ** 31))
    const ids = fc.oneof(fc.string(), fc.constant(id))
    const secret = fc.oneof(
      fc.string(),
      fc.constant('["P2PK",{"nonce":"0","data":"02","tags":[["a"],["a"]]}]'),
    )
    const shaped = fc.record({
      inputs: fc.array(fc.record({ id: ids, amount, secret, C: point }), { maxLength: 3 }),
      outputs: fc.array(fc.record({ id: ids, amount, B_: point }), { maxLength: 3 }),
      Ys: fc.array(point),
      quote: fc.string(),
      amount,
      unit: fc.constantFrom('sat', 'usd', ''),
    })
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      shaped.map((value) => JSON.stringify(value)),
    )
    const statuses = new Set<number>()
    fc.assert(
      fc.property(fc.constantFrom(...calls), body, (call, text) => {
        const { status } = answer(mint, call, text)
        statuses.add(status)
        return status !== 500
      }),
      { numRuns: 600 },
    )
    expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 400, 422])
    expect(mint.counts).toEqual({ issuedSat: 0, feesSat: 0, swaps: 0 })
  })
})
