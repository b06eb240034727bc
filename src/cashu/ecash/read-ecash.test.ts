import {
  decodePaymentRequest,
  getEncodedToken,
  Amount,
  hashToCurve as referenceHashToCurve,
} from '@cashu/cashu-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../demo/index.ts'
import { readEcash } from './read-ecash.ts'
import { writeEcash, writePaymentRequest } from './write-ecash.ts'

let mint: PlayMint
beforeAll(async () => {
  mint = await startPlayMint()
})
afterAll(() => mint.close())

interface V3Proof {
  id: unknown
  amount: unknown
  secret: unknown
  C: unknown
}
const v3 = (token: unknown, unit: unknown = 'sat') =>
  `cashuA${Buffer.from(JSON.stringify({ token, unit })).toString('base64url')}`
const good = (): V3Proof => ({
  id: '00ad268c4d1f5826',
  amount: 8,
  secret: '407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837',
  C: '02bc9097997d81afb2cc7346b5e4345a9346bd2a506eb7958598a72f0cf85163ea',
})
const withProof = (change: Partial<V3Proof>) =>
  v3([{ mint: 'https://mint.example', proofs: [{ ...good(), ...change }] }])
const code = (text: string): unknown => {
  try {
    return readEcash(text)
  } catch (error) {
    return Object(error).code
  }
}

describe('reading ecash', () => {
  test('V3 and V4, with prefix, padding, DLEQ and memo, are the same coins under the same id', async () => {
    const text = await mint.mintEcash(100, { memo: 'for tea' })
    const plain = readEcash(text)
    const { proofs, mint: url } = plain
    expect(plain).toMatchObject({ unit: 'sat', faceSat: 100, mint: mint.url })
    expect(proofs[0]?.dleq).toBeDefined()
    expect(proofs.every(({ keysetId }) => /^01[0-9a-f]{14}$/.test(keysetId))).toBe(true)
    const old = v3([
      {
        mint: `${url}/`,
        proofs: proofs.toReversed().map(({ amountSat, keysetId, secret, C }) => ({
          amount: amountSat,
          id: keysetId,
          secret,
          C: C.toUpperCase(),
        })),
      },
    ])
    for (const other of [
      `cashu:${text}`,
      `${text}=`,
      ` ${text}\n`,
      old,
      `cashu://${old}`,
      writeEcash({ mint: url, proofs }),
    ])
      expect(readEcash(other).ecashId).toBe(plain.ecashId)
    expect(readEcash(old).mint).toBe(url)
    for (const { secret, y } of proofs)
      expect(y).toBe(referenceHashToCurve(new TextEncoder().encode(secret)).toHex(true))
  })

  test('the id changes with the set of coins', async () => {
    const { proofs, ecashId } = readEcash(await mint.mintEcash(7))
    expect(readEcash(writeEcash({ mint: mint.url, proofs: proofs.slice(1) })).ecashId).not.toBe(ecashId)
  })

  test('what is written has no DLEQ and short ids, and cashu-ts reads it', async () => {
    const { proofs } = readEcash(await mint.mintEcash(100))
    const text = writeEcash({ mint: mint.url, proofs })
    expect(text.startsWith('cashuB')).toBe(true)
    const again = readEcash(text)
    expect(again.proofs.map(({ amountSat }) => amountSat)).toEqual([4, 32, 64])
    expect(again.proofs.every(({ dleq, keysetId }) => dleq === undefined && keysetId.length === 16)).toBe(
      true,
    )
    expect(text.length).toBeLessThan(520)
  })

  test.each([
    ['nothing', ''],
    ['another word', 'lnbc1…'],
    ['a third version', 'cashuCabc'],
    ['no base64', 'cashuA§§§'],
    ['no JSON', 'cashuAabcd'],
    ['no CBOR', 'cashuBabcd'],
    ['cut short', 'cashuBo2FteCJodHRwczovL25vZmVlcy50ZXN0'],
    [
      'several mints',
      v3([
        { mint: 'https://a.example', proofs: [good()] },
        { mint: 'https://b.example', proofs: [good()] },
      ]),
    ],
    ['no mint', v3([{ proofs: [good()] }])],
    ['a mint with credentials', v3([{ mint: 'https://u:p@a.example', proofs: [good()] }])],
    ['a file as mint', v3([{ mint: 'file:///etc/passwd', proofs: [good()] }])],
    ['a negative amount', withProof({ amount: -8 })],
    ['nothing as an amount', withProof({ amount: 0 })],
    ['half a sat', withProof({ amount: 0.5 })],
    ['an amount in letters', withProof({ amount: '8' })],
    ['an absurd amount', withProof({ amount: 2 ** 60 })],
    ['a secret that is a number', withProof({ secret: 5 })],
    ['a secret of 1025 characters', withProof({ secret: 'x'.repeat(1025) })],
    ['half a surrogate pair', withProof({ secret: 'a\uD800' })],
    ['a short C', withProof({ C: '02ab' })],
    ['a C that is no point', withProof({ C: `02${'00'.repeat(32)}` })],
    ['an odd keyset id', withProof({ id: '00ad' })],
    [
      'the same secret twice',
      v3([{ mint: 'https://a.example', proofs: [good(), { ...good(), amount: 16 }] }]),
    ],
    ['257 proofs', v3([{ mint: 'https://a.example', proofs: Array.from({ length: 257 }, good) }])],
  ])('%s is refused', (_name, text) => {
    expect(code(text)).toBe('invalid_cashu_token')
  })

  test('what begins like ecash and holds another character is said to be not whole', () => {
    for (const text of ['cashuB…', 'cashuA', 'cashu:cashuBo2Ft dmh0'])
      expect(() => readEcash(text)).toThrow('it is not whole, or holds a character that no ecash has')
    for (const text of ['', 'lnbc1…', 'cashuCabc'])
      expect(() => readEcash(text)).toThrow('it does not begin with cashuA or cashuB')
  })

  test('ecash without a proof holds no value', () => {
    expect(code(v3([{ mint: 'https://a.example', proofs: [] }]))).toBe('cashu_token_zero_value')
  })

  test('locked ecash is told apart, however the lock is written', async () => {
    const locked = await mint.mintEcash(8, {
      p2pk: '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    })
    expect(code(locked)).toBe('cashu_token_locked')
    for (const secret of ['["P2PK",{}]', ' ["HTLC",{}]', '\uFEFF["P2PK",{}]', '['])
      expect(code(withProof({ secret }))).toBe('cashu_token_locked')
  })

  test('ten thousand proofs are refused at once', () => {
    const many = v3([{ mint: 'https://a.example', proofs: Array.from({ length: 10_000 }, good) }])
    const coin = { id: '00ad268c4d1f5826', amount: Amount.from(1), secret: 's', C: String(good().C) }
    const v4 = getEncodedToken({
      mint: 'https://a.example',
      proofs: Array.from({ length: 3_000 }, () => coin),
    })
    const begin = performance.now()
    expect(code(many)).toBe('invalid_cashu_token')
    expect(code(v4)).toBe('invalid_cashu_token')
    expect(performance.now() - begin).toBeLessThan(250)
  })
})

describe('asking for ecash', () => {
  test('a payment request says amount, unit and mints, URL-safe, and cashu-ts reads it', () => {
    const mints = ['https://mint.example/a?', 'https://mint.example/~~~>>>'].map((url) =>
      url.replace('?', ''),
    )
    const text = writePaymentRequest({ amountSat: 21, mints, unit: 'sat' })
    expect(text).toMatch(/^creqA[A-Za-z0-9_-]+$/)
    const read = decodePaymentRequest(text)
    expect([read.amount?.toNumber(), read.unit, read.mints]).toEqual([21, 'sat', mints])
  })
})
