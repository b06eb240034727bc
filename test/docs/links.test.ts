import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'llms.txt',
  ...globSync('{docs,src}/**/*.md', { cwd: root }).toSorted(),
]

describe('the links of the documentation', () => {
  test.each(pages)('lead somewhere: %s', (page) => {
    expect(deadLinks(page, read(page))).toEqual([])
  })

  test('reach every page of docs from its first page', () => {
    const seen = new Set<string>()
    const open = ['docs/README.md']
    for (let page = open.pop(); page !== undefined; page = open.pop()) {
      if (seen.has(page)) continue
      seen.add(page)
      open.push(
        ...linksOf(page, read(page))
          .map(({ path }) => path)
          .filter((path) => path.endsWith('.md')),
      )
    }
    const all = globSync('docs/**/*.md', { cwd: root })
    expect(all.length).toBeGreaterThan(20)
    expect(all.filter((page) => !seen.has(page))).toEqual([])
  })

  test('are found dead where they are', () => {
    const text = '# A page\n\n[a](b.md) [c](README.md#nowhere) [d](https://x.example) [e](#a-page)'
    expect(deadLinks('docs/x.md', text)).toEqual(['b.md', 'README.md#nowhere'])
  })
})

interface Link {
  readonly written: string
  readonly path: string
  readonly place: string | undefined
}

function linksOf(page: string, text: string): Link[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, written = '']) => written)
    .filter((written) => !/^[a-z]+:/.test(written))
    .map((written) => {
      const [target = '', place] = written.split('#')
      const path = target === '' ? page : normalize(join(dirname(page), target))
      return { written, path, place }
    })
}

function deadLinks(page: string, text: string): string[] {
  return linksOf(page, text)
    .filter(({ path, place }) => {
      const source = path === page ? text : existsSync(join(root, path)) ? read(path) : undefined
      if (source === undefined) return true
      return place !== undefined && path.endsWith('.md') && !placesIn(source).has(place)
    })
    .map(({ written }) => written)
}

/** Headings as GitHub names them, and anchors that were set by hand. */
function placesIn(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)])
}

function read(path: string): string {
  const full = join(root, path)
  return existsSync(full) && !full.endsWith('/') ? readFileSafely(full) : ''
}

function readFileSafely(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A folder: it is there, and has no places.
    return ''
  }
}
