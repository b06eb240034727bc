import * as fc from 'fast-check'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, describe, expect, test } from 'vitest'
import { piecesOf } from './pieces.ts'
import { tightBound } from './tight-bound.ts'
import { TokenCounter } from './token-counter.ts'

const counter = new TokenCounter()
afterAll(() => counter.close())
const boundOf = (text: string, model: string): Promise<number> =>
  tightBound(counter, { model, prompt: { text, overhead: 11 }, byteBound: Buffer.byteLength(text) + 11 })

describe('counting', () => {
  test('pieces join to the text, none is long, and no character is cut in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const pieces = [...piecesOf(text)]
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(512)
          expect(piece.isWellFormed()).toBe(text.isWellFormed())
        }
      }),
    )
  })

  test('the tight bound covers the true count and is far below the bytes of prose', async () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(400)
    const bound = await boundOf(text, 'gpt-4o-mini')
    expect(bound).toBeGreaterThanOrEqual(encode(text).length)
    expect(bound).toBeLessThan(text.length / 3)
    expect(await boundOf(text, 'claude-x')).toBeGreaterThan(bound)
  })

  test('it never exceeds the byte bound, and marks in the text are text', async () => {
    const marks = '<|endoftext|>'.repeat(50)
    expect(await boundOf(marks, 'gpt-4o')).toBeGreaterThan(150)
    expect(await boundOf('a b c d', 'x')).toBeLessThanOrEqual(18)
  })

  test('a text without any space is counted quickly', async () => {
    const started = performance.now()
    await boundOf('a'.repeat(500_000), 'gpt-4o')
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('what is too long keeps its byte bound', async () => {
    const text = 'x '.repeat(1_100_000)
    expect(await boundOf(text, 'gpt-4o')).toBe(text.length + 11)
  })
})
