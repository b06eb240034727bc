import { describe, expect, test } from 'vitest'
import { classifyStatus } from './index.ts'

describe('whose matter a status is', () => {
  test.each([
    ['ok', [200, 201, 299]],
    ['callers', [400, 404, 413, 422]],
    ['rate_limited', [429]],
    ['fault', [301, 307, 401, 402, 403, 405, 408, 409, 500, 502, 503, 529, 999]],
  ] as const)('%s', (expected, statuses) => {
    expect(statuses.map(classifyStatus)).toEqual(statuses.map(() => expected))
  })
})
