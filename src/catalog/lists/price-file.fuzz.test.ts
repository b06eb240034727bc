import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DomainError } from '../../lib/index.ts'
import { readPriceFile } from './price-file.ts'

const entries = fc.jsonValue().map((value) => JSON.stringify({ models: { m: value } }))
const priced = fc
  .record(
    {
      input: fc.anything(),
      output: fc.double(),
      tiers: fc.array(fc.object()),
      margin: fc.string(),
      context: fc.integer(),
    },
    { requiredKeys: ['input'] },
  )
  .map((model) =>
    JSON.stringify({ models: { m: model } }, (_, value) => (typeof value === 'bigint' ? 1 : value)),
  )

/** How a file fares: its models, or the code of its refusal. */
function fate(text: string): readonly string[] | string {
  try {
    return readPriceFile('p.json', text).open(undefined).models()
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error)
  }
}

test('any text is taken as a price file, or refused by name', () => {
  const property = fc.property(fc.oneof(fc.string(), fc.json(), entries, priced), (text) => {
    const end = fate(text)
    expect(typeof end === 'string' ? end : 'price_file_invalid').toBe('price_file_invalid')
  })
  fc.assert(property, { numRuns: 2000 })
})

test('a price file of whole numbers is read back exactly', () => {
  const property = fc.property(fc.integer({ min: 500, max: 2e10 }), fc.nat(20_000), (input, output) => {
    const text = JSON.stringify({ models: { m: { input: input / 1e6, output: String(output) } } })
    const prices = readPriceFile('p.json', text).open(undefined).find('m', 0)?.prices
    expect(prices?.input.base).toBe(BigInt(input))
    expect(prices?.output?.base).toBe(BigInt(output) * 1_000_000n)
  })
  fc.assert(property, { numRuns: 500 })
})
