import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outputPattern, runBlocks } from '../support/blocks.ts'
import { type Demo, runIn, startDemo } from '../support/demo.ts'
import { pythonIn } from './venv.ts'

const root = join(import.meta.dirname, '../../..')
const blocks = runBlocks(root).filter(({ language }) => language === 'python')

let demo: Demo
let python: string
beforeAll(async () => {
  python = pythonIn(root)
  demo = await startDemo()
}, 300_000)
afterAll(async () => {
  await demo[Symbol.asyncDispose]()
})

describe('the blocks of the documentation that are marked run', () => {
  test('are found, with the official SDK and with LangChain', () => {
    const code = blocks.map((block) => block.code).join('')
    expect(code).toContain('from openai import')
    expect(code).toContain('from langchain_openai import')
  })

  test.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
    'in Python run: %s',
    async (_, { code, output = 'sat' }) => {
      const ran = await runIn([python, '-c', code], { env: await demo.env() })
      expect(ran, `It said: ${ran.output}`).toMatchObject({ code: 0 })
      expect(ran.output).toMatch(outputPattern(output))
    },
  )
})
