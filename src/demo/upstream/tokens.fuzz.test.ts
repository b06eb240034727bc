import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { endlessTokens, tokensOf } from './tokens.ts'

test('the tokens of any text are that text, and none is empty', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const tokens = tokensOf(text)
      return tokens.join('') === text && tokens.every((token) => token.length > 0)
    }),
  )
  expect(tokensOf('')).toEqual([])
  expect(tokensOf('Seventy-six, ok?')).toEqual(['Sevent', 'y', '-', 'six', ',', ' ok', '?'])
})

test('endless tokens are as many as asked for', () => {
  expect(endlessTokens(55)).toHaveLength(55)
})
