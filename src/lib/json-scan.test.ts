import { describe, expect, test } from 'vitest'
import { onlyValueOf, repeatedKey, scanJson } from './json-scan.ts'
import { splice } from './splice.ts'

describe('scanJson', () => {
  test('measures how deep containers are nested', () => {
    expect(scanJson(Buffer.from('{"a":1}')).depth).toBe(1)
    expect(scanJson(Buffer.from('{"a":[{"b":"[[["}],"c":[]}')).depth).toBe(3)
  })

  test('names the key that is repeated, compared unescaped', () => {
    expect(repeatedKey(Buffer.from('{"a":{"b":1},"c":[{"b":2,"\\u0062":3}]}'))).toBe('b')
    expect(repeatedKey(Buffer.from('{"a":"b","b":"a"}'))).toBeUndefined()
  })
})

describe('splice', () => {
  test('exchanges bytes without touching the others', () => {
    const bytes = Buffer.from('{"a":1,"é":2}')
    const [, second] = scanJson(bytes).members
    const edits = [
      { from: 5, to: 6, text: '"ü"' },
      { from: second?.valueEnd ?? 0, to: second?.valueEnd ?? 0, text: ',"c":3' },
    ]
    expect(splice(bytes, edits).toString()).toBe('{"a":"ü","é":2,"c":3}')
    expect(splice(bytes, [])).toBe(bytes)
  })
})

function find(text: string): string | undefined {
  const bytes = Buffer.from(text)
  const place = onlyValueOf(bytes, Buffer.from('"k"'))
  return place && bytes.toString('utf8', place.start, place.end)
}

describe('onlyValueOf', () => {
  test('finds the value of a key that stands in the bytes once', () => {
    expect(find('{"a":1, "k" : {"b":"}","c":[2]} ,"d":"é"}')).toBe('{"b":"}","c":[2]}')
    expect(find('{"k":12}')).toBe('12')
  })

  test('does not guess where the key stands twice, as a text, or could be written in another way', () => {
    for (const text of ['{"k":1,"a":{"k":2}}', '{"a":["k"]}', '{"k":1,"\\u006b":2}', '{"a":1}'])
      expect(find(text)).toBeUndefined()
  })
})
