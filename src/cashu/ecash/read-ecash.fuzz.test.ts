import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DomainError } from '../../lib/index.ts'
import { readEcash } from './read-ecash.ts'

const CODES = new Set(['invalid_cashu_token', 'cashu_token_zero_value', 'cashu_token_locked'])

/** What reading came to; anything but ecash or a named refusal is thrown on. */
function outcome(text: string): string {
  try {
    const ecash = readEcash(text)
    return ecash.faceSat > 0 && Number.isSafeInteger(ecash.faceSat) && ecash.proofs.length > 0
      ? 'read'
      : 'odd'
  } catch (error) {
    if (error instanceof DomainError && CODES.has(error.code)) return 'refused'
    throw error
  }
}

/** Mostly right, so that a good part of the whole is. */
const mostly = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 19, arbitrary: right }, fc.jsonValue())
const proof = fc.record({
  id: mostly(fc.constant('00ad268c4d1f5826')),
  amount: mostly(fc.integer({ min: 1, max: 1024 })),
  secret: mostly(fc.oneof(fc.uuid(), fc.string({ unit: 'binary' }))),
  C: mostly(fc.constant('02bc9097997d81afb2cc7346b5e4345a9346bd2a506eb7958598a72f0cf85163ea')),
  dleq: fc.jsonValue(),
  witness: fc.jsonValue(),
})
const entry = fc.record({
  mint: mostly(fc.webUrl()),
  proofs: fc.array(proof, { maxLength: 4 }),
})

describe('reading ecash, whatever is in it', () => {
  test('random bytes after a right beginning are read or refused by name', () => {
    fc.assert(
      fc.property(fc.constantFrom('A', 'B'), fc.uint8Array({ maxLength: 300 }), (version, bytes) => {
        expect(outcome(`cashu${version}${Buffer.from(bytes).toString('base64url')}`)).not.toBe('odd')
      }),
      { numRuns: 500 },
    )
  })

  test('almost right V3 is read or refused by name, and some of it is read', () => {
    let read = 0
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: entry }, fc.jsonValue()), { maxLength: 2 }),
        (token) => {
          const text = `cashuA${Buffer.from(JSON.stringify({ token })).toString('base64url')}`
          const came = outcome(text)
          if (came === 'read') read += 1
          expect(came).not.toBe('odd')
        },
      ),
      { numRuns: 2000 },
    )
    expect(read).toBeGreaterThan(20)
  })

  test('any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(outcome(text)).toBe('refused')
      }),
      { numRuns: 500 },
    )
  })
})
