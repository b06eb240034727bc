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

const proof = fc.record(
  {
    id: fc.oneof(fc.constant('00ad268c4d1f5826'), fc.jsonValue()),
    amount: fc.oneof(fc.integer(), fc.jsonValue()),
    secret: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    C: fc.oneof(
      fc.constant('02bc9097997d81afb2cc7346b5e4345a9346bd2a506eb7958598a72f0cf85163ea'),
      fc.jsonValue(),
    ),
    dleq: fc.jsonValue(),
    witness: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const entry = fc.record({
  mint: fc.oneof(fc.webUrl(), fc.jsonValue()),
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
    expect(read).toBeGreaterThan(0)
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
