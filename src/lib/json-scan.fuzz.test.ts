import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { repeatedKey, scanJson } from './json-scan.ts'

/** Members of all objects in a parsed value. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, part) => sum + countMembers(part), own)
}

const anyObject = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }))
const anySpacing = fc.constantFrom(undefined, 1, 2, '\t', '\n', '\r\n ')

describe('scanJson', () => {
  test('finds every top-level member where JSON.parse finds it', () => {
    fc.assert(
      fc.property(anyObject, anySpacing, (value, spacing) => {
        const bytes = Buffer.from(` ${JSON.stringify(value, undefined, spacing)}\n`)
        const { members, memberCount } = scanJson(bytes)
        const found = members.map((member) => {
          const text = bytes.subarray(member.valueStart, member.valueEnd).toString()
          return [member.key, JSON.parse(text)] as const
        })
        const parsed: unknown = JSON.parse(bytes.toString())
        expect(found).toEqual(Object.entries(parsed ?? {}))
        expect(memberCount).toBe(countMembers(parsed))
        expect(repeatedKey(bytes)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test('the count differs from the parsed one exactly when a key is repeated, however it is escaped', () => {
    const key = fc.constantFrom('a', '\\u0061', 'b', '\\u0062', '__proto__', '\\"', '\\u0022', 'é', '\\u00e9')
    const leaf = fc.constantFrom('1', 'null', '"a\\":"', '[]', '{}')
    const node: fc.Arbitrary<string> = fc.letrec<{ node: string; object: string }>((tie) => ({
      object: fc
        .array(fc.tuple(key, tie('node')), { maxLength: 4 })
        .map((members) => `{${members.map(([k, v]) => `"${k}" : ${v}`).join(',')}}`),
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        tie('object'),
        tie('object').map((inner) => `[${inner},2]`),
      ),
    })).object
    fc.assert(
      fc.property(node, (text) => {
        const bytes = Buffer.from(text)
        const differs = scanJson(bytes).memberCount !== countMembers(JSON.parse(text))
        expect(differs).toBe(repeatedKey(bytes) !== undefined)
      }),
      { numRuns: 1000 },
    )
  })
})
