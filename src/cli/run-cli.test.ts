import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DomainError } from '../lib/index.ts'
import type { OfflineNode } from './node/node-access.ts'
import { runCli } from './run-cli.ts'
import { plainInk } from './screen/ink.ts'
import type { Screen } from './screen/screen.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-run-cli-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Typed {
  readonly code: number
  readonly out: string
  readonly notes: string
  readonly asked: readonly [name: string, input: unknown][]
}

interface Circumstances {
  /** What the node says to every command, or why it refuses. */
  readonly answer?: unknown
  /** What somebody at the terminal says; undefined where nobody is there. */
  readonly says?: string
  readonly input?: string
}

async function type(line: string, { answer = {}, says, input = '' }: Circumstances = {}): Promise<Typed> {
  const [out, notes]: [string[], string[]] = [[], []]
  const asked: [string, unknown][] = []
  const screen: Screen = {
    ink: plainInk,
    width: 80,
    isAttended: says !== undefined,
    out: (text) => void out.push(text),
    note: (text) => void notes.push(text),
    ask: () => Promise.resolve(says ?? ''),
    askUnseen: () => Promise.resolve(says ?? ''),
    readInput: () => Promise.resolve(input),
  }
  const node: OfflineNode = {
    run: async (name, told) => {
      asked.push([name, told])
      if (answer instanceof Error) throw answer
      return answer
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const code = await runCli(line.split(' '), {
    screen,
    usualDataDir: () => dir,
    openOffline: () => Promise.resolve(node),
  })
  return { code, out: out.join('\n'), notes: notes.join('\n'), asked }
}

const upstream = { id: 'groq', url: 'https://api.groq.com/openai/v1' }
const oneChange = { changes: [{ name: 'MARGIN', from: '0%', to: '10%' }] }

describe('exit codes', () => {
  test.each([
    ['setting_invalid', 78],
    ['upstream_invalid', 78],
    ['command_invalid', 2],
    ['directory_locked', 1],
    ['upstream_unknown', 1],
  ])('a failure with %s ends with %i, and its sentence alone', async (failure, code) => {
    const answer = new DomainError(failure, 'One sentence.')
    expect(await type('config show', { answer })).toMatchObject({ code, out: '', notes: 'One sentence.' })
  })

  test.each(['nonsense', 'upstreams', 'upstreams nonsense', 'doctor --nonsense', 'config apply'])(
    '"%s" ends with 2 and asks no node',
    async (line) => {
      expect(await type(line)).toMatchObject({ code: 2, out: '', asked: [] })
    },
  )

  test('a doctor who found something ends with 1', async () => {
    const answer = { ok: false, checks: [] }
    expect((await type('doctor --json', { answer })).code).toBe(1)
  })

  test.each([
    '--help',
    '-h',
    'help',
    'help upstreams add',
    'upstreams --help',
    'upstreams add --help',
    'start --help',
  ])('"%s" prints help and ends with 0', async (line) => {
    const typed = await type(line)
    expect(typed).toMatchObject({ code: 0, notes: '', asked: [] })
    expect(typed.out).toContain('Usage: farebox')
  })
})

describe('--json', () => {
  test('prints the answer as it came', async () => {
    const answer = { contacts: [{ host: 'a.example', reason: 'r' }] }
    const { out } = await type('config egress --json', { answer })
    expect(JSON.parse(out)).toEqual({ contacts: [{ host: 'a.example', reason: 'r' }] })
  })
})

describe('config apply', () => {
  const answer = oneChange

  test('shows the difference and asks before it changes anything', async () => {
    writeFileSync(join(dir, 'a.env'), 'MARGIN=10%\n')
    const yes = await type(`config apply ${dir}/a.env`, { answer, says: 'y' })
    expect(yes).toMatchObject({ code: 0, out: expect.stringContaining('MARGIN  0%      10%') })
    expect(yes.asked).toEqual([
      ['config.preview', { changes: { MARGIN: '10%' } }],
      ['config.apply', { changes: { MARGIN: '10%' } }],
    ])
    const no = await type(`config apply ${dir}/a.env`, { answer, says: '' })
    expect(no).toMatchObject({ code: 2, notes: 'Nothing was changed.' })
    expect(no.asked.map(([name]) => name)).toEqual(['config.preview'])
  })

  test('changes nothing without --yes where nobody is there, and nothing with --dry-run', async () => {
    const alone = await type('config apply -', { answer, input: 'MARGIN=10%' })
    expect(alone).toMatchObject({ code: 2, notes: expect.stringContaining('Add --yes') })
    const dry = await type('config apply - --dry-run --yes', { answer, input: 'MARGIN=10%' })
    expect(dry.code).toBe(0)
    for (const { asked } of [alone, dry]) expect(asked.map(([name]) => name)).toEqual(['config.preview'])
    const sure = await type('config apply - --yes', { answer, input: 'MARGIN=10%' })
    expect(sure.asked.map(([name]) => name)).toEqual(['config.preview', 'config.apply'])
  })

  test('refuses a file with a wrong line before any node hears of it', async () => {
    expect(await type('config apply - --yes', { input: 'MARGIN 10%' })).toMatchObject({
      code: 78,
      notes: 'Line 1 is not NAME=value.',
      asked: [],
    })
  })
})

describe('upstreams add', () => {
  const answer = { upstream }

  test('takes the key from a file, from standard input or unseen from the terminal', async () => {
    writeFileSync(join(dir, 'key'), ' sk-1\n')
    const told = { name: 'groq', key: 'sk-1' }
    for (const typed of [
      await type(`upstreams add groq --key-file ${dir}/key`, { answer }),
      await type('upstreams add groq --key-stdin', { answer, input: 'sk-1\n' }),
      await type('upstreams add groq', { answer, says: 'sk-1' }),
    ]) {
      expect(typed.asked).toEqual([['upstreams.add', told]])
      expect(`${typed.out}${typed.notes}`).not.toContain('sk-1')
    }
  })

  test('goes without a key only where somebody says so', async () => {
    expect(await type('upstreams add groq')).toMatchObject({ code: 2, asked: [] })
    expect((await type('upstreams add groq', { answer, says: '' })).asked).toEqual([
      ['upstreams.add', { name: 'groq' }],
    ])
    expect((await type('upstreams add groq --no-key', { answer })).asked).toEqual([
      ['upstreams.add', { name: 'groq' }],
    ])
  })

  test.each([
    ['--key-file /no/such', 'The file /no/such is not there.'],
    ['--key-stdin', 'There is no key in standard input.'],
    ['--key-stdin --no-key', 'There is no key in standard input.'],
    ['--key-stdin --key-file x', 'Give --key-file or --key-stdin, not both.'],
  ])('refuses %s with a sentence', async (options, notes) => {
    expect(await type(`upstreams add groq ${options}`)).toMatchObject({ code: 2, notes, asked: [] })
  })

  test('refuses what is more than a key, and does not repeat it', async () => {
    expect(await type('upstreams add groq --key-stdin', { input: 'sk-1\nsk-2\n' })).toMatchObject({
      code: 2,
      notes: 'There is more than a key in standard input.',
      asked: [],
    })
  })

  test('makes the path of a price file whole, and leaves the name of a list alone', async () => {
    const file = await type('upstreams add a --no-key --prices mine.json', { answer })
    expect(file.asked[0]?.[1]).toMatchObject({ prices: join(process.cwd(), 'mine.json') })
    const list = await type('upstreams add a --no-key --prices groq', { answer })
    expect(list.asked[0]?.[1]).toMatchObject({ prices: 'groq' })
  })
})

test('upstreams remove asks first', async () => {
  const answer = { removed: 'groq' }
  expect(await type('upstreams remove groq')).toMatchObject({ code: 2, asked: [] })
  expect(await type('upstreams remove groq', { answer, says: 'n' })).toMatchObject({ code: 2, asked: [] })
  expect(await type('upstreams remove groq --yes', { answer })).toMatchObject({
    code: 0,
    out: 'groq is removed.',
  })
})

test('models rule says only what was typed, and takes back what --no-… names', async () => {
  const answer = { rules: [] }
  const typed = await type('models rule m --upstream a --disable --no-alias --prices input=1 --margin 5%', {
    answer,
  })
  expect(typed.asked).toEqual([
    [
      'models.rule',
      {
        model: 'm',
        upstream: 'a',
        isEnabled: false,
        alias: null,
        prices: { input: '1000000' },
        margin: '5%',
      },
    ],
  ])
  expect((await type('models rule', { answer })).asked).toEqual([['models.rule', {}]])
  expect((await type('models rule --disable', { answer })).code).toBe(2)
})

test('a new root key that the operator has to keep is printed with what to do', async () => {
  const answer = { isComplete: false, resealed: 0, next: ['Put it there.'], newKey: 'abc' }
  const { out } = await type('keys rotate', { answer })
  expect(out).toContain('  abc\n')
  expect(out).toContain('1. Put it there.')
})
