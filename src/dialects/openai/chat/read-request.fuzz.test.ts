import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DomainError } from '../../../lib/index.ts'
import { readChatRequest } from './read-request.ts'

const keys = [
  'model',
  'messages',
  'role',
  'content',
  'type',
  'text',
  'image_url',
  'url',
  'stream',
  'n',
  'tools',
  'Model',
]
const anyJson = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      1,
      -1,
      1e300,
      'text',
      'image_url',
      '',
      'm',
      'data:image/png;base64,AA',
    ),
    fc.string({ unit: 'binary' }),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('json'), { maxKeys: 5 }),
  ),
})).json
const anyRequest = fc
  .tuple(
    fc.array(fc.dictionary(fc.constantFrom(...keys), anyJson), { minLength: 1 }),
    fc.dictionary(fc.string(), anyJson),
  )
  .map(([messages, more]) => ({ ...more, model: 'm', messages }))

/** Code points of all strings and keys, and one for each number in an array. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return Array.from(value).length
  if (Array.isArray(value)) {
    return value.reduce((sum: number, part) => sum + (typeof part === 'number' ? 1 : charactersOf(part)), 0)
  }
  if (typeof value !== 'object' || value === null) return 0
  return Object.entries(value).reduce((sum, [key, part]) => sum + charactersOf(key) + charactersOf(part), 0)
}

describe('readChatRequest', () => {
  test('reads any body or refuses it by name', () => {
    let read = 0
    fc.assert(
      fc.property(fc.oneof(anyJson, anyRequest), (value) => {
        const bytes = Buffer.from(JSON.stringify(value))
        try {
          const asked = readChatRequest(bytes)
          expect(asked.promptCharacters).toBe(charactersOf(JSON.parse(bytes.toString())))
          expect(Number.isSafeInteger(asked.inputBound) && asked.inputBound > 0).toBe(true)
          expect(asked.inputBound).toBeGreaterThanOrEqual(asked.inputEstimate)
          read += 1
        } catch (error) {
          if (!(error instanceof DomainError)) throw error
        }
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(20)
  })

  test('refuses any bytes that are no request by name', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom('', '{"a":', '{"model":"m","messages":[{'),
        (tail, head) => {
          const bytes = Buffer.concat([Buffer.from(head), tail])
          expect(() => readChatRequest(bytes)).toThrow(DomainError)
        },
      ),
      { numRuns: 500 },
    )
  })
})
