import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readSettingsText, writeSetting } from './settings-text.ts'

describe('readSettingsText', () => {
  test('takes names with and without the prefix, comments, quotes and blank lines', () => {
    const text = `\uFEFF# mine\r\nFAREBOX_MARGIN=7.5%\n\nexport NAME='Corner shop'  # ours\nDESCRIPTION = "it's" \nBTC_USD=95000 # fixed\n`
    expect(readSettingsText(text)).toEqual({
      MARGIN: '7.5%',
      NAME: 'Corner shop',
      DESCRIPTION: "it's",
      BTC_USD: '95000',
    })
  })

  test('an empty value is null, which takes a setting back', () => {
    expect(readSettingsText("MARGIN=\nNAME=''\nBTC_USD= # none")).toEqual({
      MARGIN: null,
      NAME: null,
      BTC_USD: null,
    })
  })

  test.each([
    ['MARGIN 10%', 'Line 1 is not NAME=value.'],
    ['A=1\nmargin=10%', 'Line 2 is not NAME=value.'],
    ['NAME="open', 'Line 1 has a " that is not closed.'],
    ["NAME='a' b", 'Line 1 goes on after the closing quote.'],
    ['A=1\nFAREBOX_A=2', 'Line 2 sets A a second time. Keep one of the two.'],
  ])('refuses %j and names the line', (text, message) => {
    expect(() => readSettingsText(text)).toThrow(
      expect.objectContaining({ code: 'setting_file_invalid', message }),
    )
  })
})

describe('writeSetting', () => {
  test.each([
    '10%',
    'https://a.example,https://b.example',
    'Corner shop',
    `it's`,
    `"quoted" it's`,
    '#1',
    'a\\n',
  ])('writes %j so that we and every reader of .env find it again', (value) => {
    const line = writeSetting('NAME', value)
    expect(readSettingsText(line)).toEqual({ NAME: value })
    expect(parseEnv(line)).toEqual({ FAREBOX_NAME: value })
  })

  test.each(['a\nb', `'"\``, `it's a \` and \\n`])('refuses %j, which no file could hold', (value) => {
    expect(() => writeSetting('NAME', value)).toThrow(
      expect.objectContaining({ code: 'setting_file_invalid' }),
    )
  })
})
