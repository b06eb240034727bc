import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EVENTS } from '../../src/lib/index.ts'
import { runNode } from '../support/run-node.ts'
import { sourceFiles } from '../tidy/house.ts'

const SOURCE = join(import.meta.dirname, '../../src')
const NAMES = EVENTS.map(({ name }) => name)

const sources = sourceFiles(SOURCE)
  .filter((path) => path !== 'lib/events.ts')
  .map((path) => readFileSync(join(SOURCE, path), 'utf8'))

/** What `openLog` writes to stdout at a level, line by line. */
async function written(level: string, calls: string): Promise<Record<string, unknown>[]> {
  const module = join(SOURCE, 'lib/index.ts')
  const script = `import { openLog } from ${JSON.stringify(module)}; const log = openLog('${level}'); ${calls}`
  const { code, stdout } = await runNode(['--input-type=module', '-e', script]).ended
  expect(code).toBe(0)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('the list of events', () => {
  test('names each of them once, and says when it is written', () => {
    expect(new Set(NAMES).size).toBe(NAMES.length)
    for (const { name, describes } of EVENTS) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)+$|^(listening|stopping|stopped)$/)
      expect(describes).toMatch(/^[A-Z].{20,}\.$/)
    }
  })

  test('has no event that nothing writes', () => {
    const unused = NAMES.filter((name) => !sources.some((text) => text.includes(`'${name}'`)))
    expect(unused).toEqual([])
  })

  test('has every event that is written', () => {
    const called = sources.flatMap((text) =>
      [...text.matchAll(/\b(?:log|onEvent)\(\s*'([a-z_]+)'/g)].map(([, name]) => name),
    )
    expect(called.length).toBeGreaterThan(10)
    expect(called.filter((name) => !NAMES.some((known) => known === name))).toEqual([])
  })
})

describe('the log', () => {
  test('is one JSON line an event, with its level, its time and its facts', async () => {
    const lines = await written('info', `log('listening', { address: 'http://127.0.0.1:1' })`)
    expect(lines).toEqual([
      { event: 'listening', level: 'info', time: expect.any(Number), address: 'http://127.0.0.1:1' },
    ])
  })

  test('has each event at its own level, and leaves out what is below the one that was set', async () => {
    const calls = `log('call_closed', {}); log('listening', {}); log('call_failed', {}); log('job_failed', {})`
    const atEach = ['debug', 'info', 'warn', 'error', 'silent'].map((level) => written(level, calls))
    expect((await Promise.all(atEach)).map((lines) => lines.map(({ level }) => level))).toEqual([
      ['debug', 'info', 'warn', 'error'],
      ['info', 'warn', 'error'],
      ['warn', 'error'],
      ['error'],
      [],
    ])
  })

  test('shows of an error its name, code and stack, and nothing that it says', async () => {
    const [line] = await written(
      'info',
      `log('job_failed', { error: Object.assign(new TypeError('quotes sk-secret'), { code: 'E1', key: 'sk-secret' }) })`,
    )
    expect(line).toMatchObject({
      error: { name: 'TypeError', code: 'E1', stack: expect.stringContaining('at ') },
    })
    expect(JSON.stringify(line)).not.toContain('sk-secret')
  })

  test('shows a sentence in the place of an error as it is, and not for ever', async () => {
    const [line] = await written(
      'info',
      `log('upstream_models_failed', { upstream: 'main', error: 'It answered 500. ' + 'x'.repeat(5000) })`,
    )
    expect(line).toMatchObject({ level: 'warn', error: expect.stringMatching(/^It answered 500\. x+$/) })
    expect(String(line?.['error']).length).toBe(500)
  })
})
