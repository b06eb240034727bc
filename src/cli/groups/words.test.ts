import { describe, expect, test } from 'vitest'
import { readAssignments } from './config.ts'
import { readPrices } from './models.ts'

describe('readPrices', () => {
  test('turns dollars for a million tokens, or for one request, into pico-USD for one', () => {
    expect(readPrices('input=2.5, output=$10,request=0.01,webSearch=0.005,cacheRead=0')).toEqual({
      input: '2500000',
      output: '10000000',
      request: '10000000000',
      webSearch: '5000000000',
      cacheRead: '0',
    })
  })

  test.each(['', 'input', 'input=', 'input=-1', 'input=1e3', 'input=2,5'])('refuses %j', (text) => {
    expect(() => readPrices(text)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describe('readAssignments', () => {
  test('takes names in either case and with their prefix, and an empty value as null', () => {
    expect(readAssignments(['margin=10%', 'FAREBOX_NAME=a=b c', 'BTC_USD='])).toEqual({
      MARGIN: '10%',
      NAME: 'a=b c',
      BTC_USD: null,
    })
  })

  test.each([['MARGIN'], ['=x'], ['a-b=c']])('refuses %j', (word) => {
    expect(() => readAssignments([word])).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  test('refuses a secret without repeating it', () => {
    const secret = 'ab'.repeat(32)
    expect(() => readAssignments([`SECRET_KEY=${secret}`])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    )
  })
})
