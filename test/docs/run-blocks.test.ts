import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Block, blocksOf, outputPattern, runBlocks } from './support/blocks.ts'
import { type Demo, type Ran, runIn, startDemo } from './support/demo.ts'

const root = join(import.meta.dirname, '../..')
const blocks = runBlocks(root)
const pages = [...new Set(blocks.map(({ page }) => page))]

let demo: Demo
beforeAll(async () => {
  demo = await startDemo()
}, 30_000)
afterAll(async () => {
  await demo[Symbol.asyncDispose]()
})

describe('the blocks of the documentation that are marked run', () => {
  test('are found, in every language', () => {
    expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['bash', 'js', 'python']))
    expect(blocks.length).toBeGreaterThan(10)
  })

  // One page is one session: what an earlier block sets a later one may use.
  test.each(pages.filter((page) => blocksIn(page, 'bash').length > 0))('in bash run: %s', async (page) => {
    const here = blocksIn(page, 'bash')
    const script = here.map(({ code }, at) => `printf '\\n${markOf(at)}\\n'\n${code}`).join('\n')
    const ran = await runIn(['bash', '-euo', 'pipefail', '-c', script], { env: await demo.env() })
    expect(ran, `It said: ${ran.output}`).toMatchObject({ code: 0 })
    for (const [at, block] of here.entries()) {
      const [, said = ''] = ran.output.split(markOf(at))
      show(block, said.split(markOf(at + 1))[0] ?? '')
    }
  })

  test.each(
    blocks.filter(({ language }) => language === 'js').map((block) => [nameOf(block), block] as const),
  )('in JavaScript run: %s', async (_, block) => {
    const ran = await runScript(block)
    expect(ran, `It said: ${ran.output}`).toMatchObject({ code: 0 })
    show(block, ran.output)
  })

  test('would fail where a page shows what is not printed', () => {
    const [block] = blocksOf('x.md', '```bash run\necho one\n```\n\n```text output\no…e\n```\n')
    expect(block).toMatchObject({ code: 'echo one\n', output: 'o…e', line: 1 })
    expect('once').toMatch(outputPattern('o…e'))
    expect('two').not.toMatch(outputPattern('o…e'))
  })
})

function blocksIn(page: string, language: Block['language']): Block[] {
  return blocks.filter((block) => block.page === page && block.language === language)
}

function nameOf({ page, line }: Block): string {
  return `${page}:${line}`
}

function markOf(at: number): string {
  return `@@ block ${at} @@`
}

function show(block: Block, printed: string): void {
  // What curl gets back as an error is an answer, too: it must be one that the page shows.
  const wanted = block.output === undefined ? /^(?![^]*"error":\{)/ : outputPattern(block.output)
  expect(printed, `${nameOf(block)} prints something else`).toMatch(wanted)
}

/** `openai` is the repository's own, and `farebox` is its source. */
async function runScript({ code }: Block): Promise<Ran> {
  return runIn([process.execPath, 'block.mjs'], {
    env: await demo.env(),
    prepare: (folder) => {
      const modules = join(folder, 'node_modules')
      mkdirSync(join(modules, 'farebox'), { recursive: true })
      const source = pathToFileURL(join(root, 'src/index.ts')).href
      writeFileSync(join(modules, 'farebox/package.json'), '{"type":"module","exports":"./index.js"}')
      writeFileSync(join(modules, 'farebox/index.js'), `export * from '${source}'\n`)
      for (const name of ['express', 'openai']) {
        symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir')
      }
      writeFileSync(join(folder, 'block.mjs'), code)
    },
  })
}
