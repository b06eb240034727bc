import { randomBytes } from 'node:crypto'
import {
  blindMessage,
  createBlindSignature,
  createDLEQProof,
  hasValidDleq,
  Amount,
  hashToCurve as referenceHashToCurve,
  getPubKeyFromPrivKey,
  pointFromHex,
  unblindSignature,
} from '@cashu/cashu-ts'
import { describe, expect, test } from 'vitest'
import { blind, hashToCurve, isPointHex, randomScalar, unblind } from './curve.ts'
import { isDleqValid, isProofDleqValid } from './dleq.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const secrets = [
  '',
  'a',
  'ü€😀',
  '["P2PK",{}]',
  ...Array.from({ length: 30 }, () => randomBytes(32).toString('hex')),
]

function signed(secret: string) {
  const r = randomScalar()
  const k = randomScalar()
  const key = Buffer.from(getPubKeyFromPrivKey(k))
  const blinded = blind(secret, r)
  const B = pointFromHex(blinded.toString('hex'))
  const { C_: blindSignature } = createBlindSignature(B, k, '00')
  const signature = Buffer.from(blindSignature.toHex(true), 'hex')
  const proven = createDLEQProof(B, k)
  const dleq = { e: Buffer.from(proven.e).toString('hex'), s: Buffer.from(proven.s).toString('hex') }
  return { r, key, blinded, signature, dleq, C: unblind(signature, r, key).toString('hex') }
}

const ofBytes = (hex: string) => hashToCurve(Buffer.from(hex, 'hex').toString('utf8')).toString('hex')
const flip = (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)

describe('the curve', () => {
  test('hash_to_curve equals that of cashu-ts', () => {
    for (const secret of secrets)
      expect(hashToCurve(secret).toString('hex')).toBe(referenceHashToCurve(utf8(secret)).toHex(true))
  })

  test('hash_to_curve gives the vectors of NUT-00', () => {
    expect(ofBytes('00'.repeat(32))).toBe(
      '024cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725',
    )
    expect(ofBytes('00'.repeat(31) + '01')).toBe(
      '022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf',
    )
  })

  test('blinding and unblinding equal those of cashu-ts', () => {
    for (const secret of secrets.slice(0, 12)) {
      const { r, key, blinded, signature, C } = signed(secret)
      const scalar = BigInt(`0x${r.toString('hex')}`)
      const { B_: expectedBlinded } = blindMessage(utf8(secret), scalar)
      expect(blinded.toString('hex')).toBe(expectedBlinded.toHex(true))
      const expected = unblindSignature(
        pointFromHex(signature.toString('hex')),
        scalar,
        pointFromHex(key.toString('hex')),
      )
      expect(C).toBe(expected.toHex(true))
    }
  })

  test('a DLEQ that cashu-ts made holds, with and without reblinding; any other byte breaks it', () => {
    for (const secret of secrets.slice(0, 8)) {
      const { r, key, blinded, signature, dleq, C } = signed(secret)
      expect(isDleqValid(dleq, { blinded, signature, key })).toBe(true)
      const whole = { ...dleq, r: r.toString('hex') }
      expect(isProofDleqValid(whole, { secret, C, key })).toBe(true)
      const proof = { id: '00', amount: Amount.from(1), secret, C, dleq: whole }
      expect(hasValidDleq(proof, { id: '00', keys: { 1: key.toString('hex') } })).toBe(true)
      expect(isProofDleqValid({ ...whole, e: flip(whole.e) }, { secret, C, key })).toBe(false)
      expect(isProofDleqValid({ ...whole, s: flip(whole.s) }, { secret, C, key })).toBe(false)
      expect(isProofDleqValid({ ...whole, r: flip(whole.r) }, { secret, C, key })).toBe(false)
      expect(isProofDleqValid(whole, { secret: `${secret}x`, C, key })).toBe(false)
      expect(isDleqValid(dleq, { blinded: key, signature, key })).toBe(false)
    }
  })

  test('malformed scalars and points are no DLEQ, and no error', () => {
    const { key, blinded, signature, dleq, C } = signed('x')
    for (const bad of ['', 'zz', '00'.repeat(32), 'ff'.repeat(32)]) {
      expect(isDleqValid({ ...dleq, e: bad }, { blinded, signature, key })).toBe(false)
      expect(isProofDleqValid({ ...dleq, r: bad }, { secret: 'x', C, key })).toBe(false)
    }
    expect(isDleqValid(dleq, { blinded, signature: Buffer.alloc(33), key })).toBe(false)
    expect(isPointHex(`02${'00'.repeat(32)}`)).toBe(false)
    expect(isPointHex(C)).toBe(true)
  })
})
