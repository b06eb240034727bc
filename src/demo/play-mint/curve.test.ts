import { randomBytes } from 'node:crypto'
import {
  createBlindSignature,
  hashToCurve,
  pointFromHex,
  verifyDLEQProof,
  verifyUnblindedSignature,
} from '@cashu/cashu-ts'
import { describe, expect, test } from 'vitest'
import { compress, hashToPoint, isCurvePoint, multiply, publicPoint, randomScalar } from './curve.ts'
import { keyOf, Keysets, sign } from './keysets.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the curve', () => {
  test('hash_to_curve equals that of cashu-ts, for plain, structured and odd secrets', () => {
    const secrets = Array.from({ length: 40 }, () => randomBytes(32).toString('hex'))
    for (const secret of [...secrets, '', 'ü€😀', '["P2PK",{"nonce":"00","data":"02","tags":[]}]'])
      expect(hashToPoint(secret).toString('hex')).toBe(hashToCurve(bytes(secret)).toHex(true))
  })

  test('a blind signature equals that of cashu-ts, and cashu-ts accepts its DLEQ', () => {
    const keyset = new Keysets(2).rotate('sat', 0)
    for (const amount of [1, 2, 1024]) {
      const { scalar, publicKey } = keyOf(keyset, amount)
      const blinded = compress(publicPoint(randomScalar()))
      const { C_, dleq } = sign(keyset, amount, blinded)
      const point = pointFromHex(blinded.toString('hex'))
      const { C_: expected } = createBlindSignature(point, scalar, keyset.id)
      expect(C_).toBe(expected.toHex(true))
      const proof = { e: Buffer.from(dleq.e, 'hex'), s: Buffer.from(dleq.s, 'hex') }
      const A = pointFromHex(compress(publicKey).toString('hex'))
      expect(verifyDLEQProof(proof, point, pointFromHex(C_), A)).toBe(true)
    }
  })

  test('k·Y is the signature that cashu-ts verifies', () => {
    const scalar = randomScalar()
    const C = compress(multiply(hashToPoint('a secret'), scalar)).toString('hex')
    expect(
      verifyUnblindedSignature({ C: pointFromHex(C), secret: bytes('a secret'), id: '00' }, scalar),
    ).toBe(true)
  })

  test('what is no compressed point of the curve is told apart', () => {
    const good = compress(publicPoint(randomScalar())).toString('hex')
    expect(isCurvePoint(good)).toBe(true)
    for (const bad of [`02${'00'.repeat(32)}`, `04${good.slice(2)}`, good.slice(2), `${good}00`, 'zz'])
      expect(isCurvePoint(bad)).toBe(false)
  })

  test('signing with DLEQ takes about a millisecond at most', () => {
    const keyset = new Keysets(2).rotate('sat', 0)
    const blinded = compress(publicPoint(randomScalar()))
    for (let i = 0; i < 20; i += 1) sign(keyset, 1, blinded)
    const times = Array.from({ length: 50 }, () => {
      const begin = performance.now()
      sign(keyset, 1, blinded)
      return performance.now() - begin
    })
    // The median, with room for a busy machine; noble needs five to ten times that.
    expect(times.toSorted((a, b) => a - b)[25]).toBeLessThan(3)
  })
})
