import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { type Ended, runNode } from '../support/run-node.ts'

/** The commands on a data directory that no node uses, through the real program. */
const home = mkdtempSync(join(tmpdir(), 'farebox-cli-'))
const bin = join(import.meta.dirname, '../../bin/farebox.js')
const KEY = 'sk-the-operators-own-key'
let upstream: Upstream

beforeAll(async () => {
  upstream = await startUpstream({ key: KEY })
  writeFileSync(join(home, 'key'), `${KEY}\n`)
})
afterAll(async () => {
  await upstream.close()
  rmSync(home, { recursive: true, force: true })
})

function farebox(line: string, env: Record<string, string> = {}): Promise<Ended> {
  const found = { FAREBOX_BTC_USD: '100000', NO_COLOR: '1', ...env }
  return runNode([bin, ...line.split(' ')], { cwd: home, env: found }).ended
}

/** The JSON that a command prints. */
async function json(line: string, env?: Record<string, string>): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await farebox(`${line} --json`, env)
  expect({ line, code, stderr }).toMatchObject({ code: 0 })
  return { ...Object(JSON.parse(stdout)) }
}

describe('without a node', () => {
  test('a first command makes the data directory, and says so', async () => {
    const { code, stdout, stderr } = await farebox('config show')
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${join(home, 'data')} is a new data directory.\n` })
    expect(stdout).toMatch(/^NAME +VALUE +FROM\n/)
    expect(stdout).toMatch(/\nBTC_USD +100000 +environment\n/)
    expect(stdout).toMatch(/\nMARGIN +0% +default\n/)
    expect(stdout).not.toContain('\u001B')
    expect(statSync(join(home, 'data')).mode & 0o077).toBe(0)
  })

  test('settings are changed from a file, all or none, and exported as one that is taken back', async () => {
    writeFileSync(join(home, 'wrong.env'), 'FAREBOX_MARGIN=12%\nFAREBOX_MARGN=12%\n')
    expect(await farebox('config apply wrong.env --yes')).toMatchObject({
      code: 78,
      stdout: '',
      stderr: 'FAREBOX_MARGN is not a setting. Did you mean FAREBOX_MARGIN?\n',
    })
    expect((await farebox('config show MARGIN')).stdout).toContain('0%  (default)')
    writeFileSync(join(home, 'right.env'), 'MARGIN=12%\nNAME=\'Corner "shop"\'\nMINTS=https://mint.example\n')
    expect((await farebox('config apply right.env --yes')).stdout).toMatch(/\nMARGIN +0% +12%\n/)
    const exported = (await farebox('config export')).stdout
    expect(exported).toContain(`FAREBOX_NAME='Corner "shop"'\n`)
    writeFileSync(join(home, 'exported.env'), exported)
    expect(await json('config apply exported.env --yes')).toEqual({ changes: [] })
    const bare = { FAREBOX_BTC_USD: '' }
    const taken = await json('config apply exported.env --yes --data-dir elsewhere', bare)
    expect(taken['changes']).toHaveLength(4)
    const again = (await farebox('config export --data-dir elsewhere', bare)).stdout
    expect(again.split('\n\n# These stand in the environment only')[0]).toBe(exported.trimEnd())
  })

  test('what the environment sets is locked, and a process setting needs a restart', async () => {
    expect(await farebox('config set BTC_USD=90000')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('FAREBOX_BTC_USD is set in the environment'),
    })
    expect(await farebox('config set LISTEN=:9000')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('FAREBOX_LISTEN is read when the node starts'),
    })
  })

  test('an upstream is added, listed, tried, disabled, enabled and removed', async () => {
    const add = `upstreams add shed --url ${upstream.url} --type openai --prices openai --margin 15%`
    expect(await farebox(`${add} --key ${KEY}`)).toMatchObject({ code: 2, stdout: '' })
    const added = await farebox(`${add} --key-file key`)
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).toBe(`shed is added, at ${upstream.url}. Try it: farebox upstreams test shed\n`)
    expect(await farebox(`${add} --key-file key`)).toMatchObject({ code: 1, stdout: '' })

    const trial = await json('upstreams test shed --model gpt-4o-mini')
    expect(trial).toMatchObject({ upstream: 'shed', model: 'gpt-4o-mini', status: 200, problem: null })
    expect(trial['costUsd']).toMatch(/^0\.0000\d+$/)
    expect((await farebox('upstreams test shed')).stdout).toMatch(
      /^shed answered with \S+ in \d+ ms\. It cost \$0\.0000\d+\.\n$/,
    )

    expect((await farebox('upstreams disable shed')).stdout).toBe('shed is disabled.\n')
    const listed = await json('upstreams list')
    expect(listed['upstreams']).toMatchObject([
      { id: 'shed', margin: '15%', hasKey: true, origin: 'table', isEnabled: false },
    ])
    expect((await farebox('models why gpt-4o-mini')).stdout).toContain('The upstream is disabled')
    expect((await farebox('upstreams enable shed')).stdout).toBe('shed is enabled.\n')
    expect((await farebox('upstreams remove shed --yes')).stdout).toBe('shed is removed.\n')
    expect((await farebox('upstreams list')).stdout).toContain('There is no upstream yet.')
  })

  test('a refused key is a sentence with its cure, which does not show the key', async () => {
    writeFileSync(join(home, 'wrong-key'), 'sk-some-other-key')
    await farebox(`upstreams add wrong --url ${upstream.url} --prices openai --key-file wrong-key`)
    const tried = await farebox('upstreams test wrong --model gpt-4o-mini')
    expect(tried).toMatchObject({ code: 1, stdout: expect.stringContaining('The upstream refuses the key.') })
    expect(JSON.stringify(tried)).not.toContain('sk-some-other-key')
  })

  test('every host that the node may contact is named with its reason', async () => {
    const { contacts } = await json('config egress')
    expect(contacts).toEqual([
      { host: 'mint.example', reason: 'a mint whose ecash is taken or held' },
      { host: new URL(upstream.url).host, reason: 'the upstream wrong' },
    ])
    const withFeeds = (await farebox('config egress', { FAREBOX_BTC_USD: '' })).stdout
    expect(withFeeds.match(/the price of bitcoin/g)?.length).toBeGreaterThanOrEqual(5)
  })

  test('no secret stands in the output of any command, nor in the clear on disk', async () => {
    await farebox(`upstreams add keyed --url ${upstream.url} --prices openai --key-file key`)
    const secret = 'ab'.repeat(32)
    const lines = ['config export --secrets', 'upstreams list --json']
    for (const line of lines) {
      const { stdout, stderr } = await farebox(line)
      expect(`${stdout}${stderr}`).not.toContain(KEY)
    }
    const env = { FAREBOX_SECRET_KEY: secret, FAREBOX_DATA_DIR: join(home, 'own-key') }
    const shown = await farebox('config show', env)
    expect(shown.stdout).toMatch(/\nSECRET_KEY +\[secret\] +environment\n/)
    expect(`${shown.stdout}${(await farebox('config export --secrets', env)).stdout}`).not.toContain(secret)
    expect(readFileSync(join(home, 'data/farebox.db')).includes(KEY)).toBe(false)
  })

  test('a wrong setting, a wrong command and a missing file each end with their code and one sentence', async () => {
    expect(await farebox('config show', { FAREBOX_MARGIN: 'much' })).toMatchObject({
      code: 78,
      stderr: 'FAREBOX_MARGIN is much. Write a percentage, as 10%.\n',
    })
    expect(await farebox('config apply no.env')).toMatchObject({
      code: 2,
      stderr: 'The file no.env is not there.\n',
    })
    expect(await farebox('upstreams test nobody')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no upstream "nobody"\..*\n$/),
    })
  })
})
