import { parseEnv } from 'node:util'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DomainError } from '../lib/index.ts'
import { readSettingsText, writeSetting } from './settings-text.ts'

const letters = ['a', 'b', ' ', '=', "'", '"', '`', '#', '\\', 'n', '%', 'é', '$', '\t', '\u2028']

/** Settings are kept trimmed and without line breaks, see their readers. */
const values = fc
  .oneof(fc.string(), fc.string({ unit: fc.constantFrom(...letters) }))
  .filter((value) => value === value.trim() && !/\p{Cc}/u.test(value) && value !== '')

test('whatever is written is read back, by us and by Node, or refused', () => {
  let written = 0
  fc.assert(
    fc.property(fc.array(values, { maxLength: 4 }), (all) => {
      try {
        const text = all.map((value, i) => writeSetting(`S${i}`, value)).join('\n')
        expect(Object.values(readSettingsText(text))).toEqual(all)
        expect(Object.values(parseEnv(text))).toEqual(all)
        written += all.length
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
  expect(written).toBeGreaterThan(500)
})

/** How a text is read: every name with its value, or the message that refuses it. */
function outcomeOf(text: string): Record<string, string | null> | string {
  try {
    return readSettingsText(text)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'setting_file_invalid') return error.message
    throw error
  }
}

test('any text is read, or refused with its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...letters, '\n', 'A', 'B') }), (text) => {
      const outcome = outcomeOf(text)
      const isRefusal = typeof outcome === 'string' && /^Line \d+ /.test(outcome)
      const isRead =
        typeof outcome === 'object' &&
        Object.entries(outcome).every(([name, value]) => /^[A-Z][A-Z0-9_]*$/.test(name) && value !== '')
      expect({ isKnown: isRefusal || isRead }).toEqual({ isKnown: true })
    }),
    { numRuns: 2000 },
  )
})
