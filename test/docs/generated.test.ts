import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { undescribed } from '../../scripts/docs/api.ts'
import { publicRoutes } from '../../scripts/docs/routes.ts'
import { generate } from '../../scripts/generate-docs.ts'

const root = join(import.meta.dirname, '../..')

let files: Map<string, string>
beforeAll(async () => {
  files = await generate()
})

describe('what is written from the code', () => {
  test.each([
    'config/example.env',
    'docs/reference/settings.md',
    'docs/reference/errors.md',
    'docs/reference/events.md',
    'docs/reference/metrics.md',
    'docs/reference/cli.md',
    'docs/reference/api.md',
    'docs/reference/openapi.json',
    'llms.txt',
    'README.md',
  ])('is what the code says today: %s', (path) => {
    expect(files.has(path)).toBe(true)
    same(path)
  })

  test('is what the code says today: parts of all other pages', () => {
    expect(files.size).toBeGreaterThan(25)
    for (const path of files.keys()) same(path)
  })

  test('names every route that the router has', async () => {
    const routes = await publicRoutes()
    expect(routes.length).toBeGreaterThan(30)
    expect(undescribed(routes)).toEqual([])
    expect(undescribed([{ method: 'get', path: '/v1/secrets' }])).toEqual(['get /v1/secrets'])
  })
})

function same(path: string): void {
  const kept = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
  expect(kept, `${path} is out of date: npm run docs`).toBe(files.get(path))
}
