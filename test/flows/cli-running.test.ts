import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { type Ended, runNode, type Running } from '../support/run-node.ts'

/** The commands beside a node that serves: another process, which sees the change at once. */
const home = mkdtempSync(join(tmpdir(), 'farebox-cli-node-'))
const bin = join(import.meta.dirname, '../../bin/farebox.js')
const control = join(home, 'data/control.json')
const KEY = 'sk-the-operators-own-key'
let upstream: Upstream
let node: Running
let baseUrl = ''

async function start(): Promise<void> {
  const env = {
    FAREBOX_LISTEN: '127.0.0.1:0',
    FAREBOX_ADMIN_LISTEN: '127.0.0.1:0',
    FAREBOX_BTC_USD: '100000',
    FAREBOX_MINTS: 'http://127.0.0.1:9',
  }
  node = runNode([bin], { cwd: home, env, timeoutMs: 120_000 })
  const said = await node.said('Farebox listens on http://127.0.0.1:')
  baseUrl = /http:\/\/127\.0\.0\.1:\d+/.exec(said.slice(said.indexOf('Farebox listens')))?.[0] ?? ''
}

beforeAll(async () => {
  upstream = await startUpstream({ key: KEY })
  writeFileSync(join(home, 'key'), KEY)
  await start()
})
afterAll(async () => {
  node.child.kill('SIGKILL')
  await node.ended
  await upstream.close()
  rmSync(home, { recursive: true, force: true })
})

function farebox(line: string): Promise<Ended> {
  return runNode([bin, ...line.split(' ')], { cwd: home }).ended
}

async function json(line: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await farebox(`${line} --json`)
  expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' })
  return { ...Object(JSON.parse(stdout)) }
}

async function models(): Promise<string[]> {
  const response = await fetch(`${baseUrl}/v1/models`)
  const { data } = Object(await response.json())
  return data.map(({ id }: { id: string }) => id)
}

describe('beside a running node', () => {
  test('the control file is for the node’s own user alone', () => {
    expect(statSync(control).mode & 0o777).toBe(0o600)
  })

  test('settings are shown with the node’s environment, not with that of the command', async () => {
    const shown = await farebox('config show BTC_USD MARGIN')
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(shown.stdout).toContain('100000  (environment, which no command can change)')
    expect(shown.stdout).toContain('0%  (default)')
  })

  test('settings change while it serves, and a refusal keeps its code', async () => {
    writeFileSync(join(home, 'node.env'), 'NAME=Changed while it ran\nMARGIN=20%\n')
    expect(await json('config apply node.env --yes')).toMatchObject({
      changes: [{ name: 'NAME' }, { name: 'MARGIN', from: '0%', to: '20%' }],
    })
    const info = Object(await (await fetch(`${baseUrl}/v1/info`)).json())
    expect(info.name).toBe('Changed while it ran')
    expect(await farebox('config set BTC_USD=1000000')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('FAREBOX_BTC_USD is set in the environment'),
    })
    expect((await farebox('config export')).stdout).toContain("FAREBOX_NAME='Changed while it ran'\n")
  })

  test('an upstream sells from the moment it is added, and not once it is disabled', async () => {
    expect(await models()).toEqual([])
    const add = `upstreams add shed --url ${upstream.url} --type openai --prices openai --key-file key`
    expect(await farebox(add)).toMatchObject({ code: 0, stderr: '' })
    await expect.poll(models, { timeout: 5000 }).toContain('gpt-4o-mini')

    expect(await json('upstreams test shed')).toMatchObject({
      status: 200,
      costUsd: expect.stringMatching(/^0\.0000\d+$/),
      problem: null,
    })
    expect((await json('models list'))['models']).toContainEqual(
      expect.objectContaining({ model: 'gpt-4o-mini', upstreams: ['shed'] }),
    )
    expect(await json('models why gpt-4o-mini')).toMatchObject({ isOffered: true })
    await farebox('models rule gpt-4o-mini --alias mini --upstream shed')
    await expect.poll(models, { timeout: 5000 }).toContain('mini')
    expect((await farebox('models why gpt-4o-mini')).stdout).toContain(
      'sells this model of the upstream as mini',
    )

    await farebox('upstreams disable shed')
    expect(await models()).toEqual([])
    await farebox('upstreams enable shed')
    expect(await models()).toContain('mini')
    await farebox('config set PUBLIC_URL=https://ai.example/shop')
    expect((await json('config egress'))['contacts']).toEqual([
      { host: '127.0.0.1:9', reason: 'a mint whose ecash is taken or held' },
      { host: new URL(upstream.url).host, reason: 'the upstream shed' },
      { host: 'ai.example', reason: 'its own public address, which farebox doctor tries' },
    ])
    await farebox('config set PUBLIC_URL=')
    expect(await json('upstreams remove shed --yes')).toEqual({ removed: 'shed' })
    expect(await models()).toEqual([])
  })

  test('the key of an upstream stands in no log', async () => {
    await farebox(`upstreams add keyed --url ${upstream.url} --prices openai --key-file key`)
    await farebox('upstreams test keyed')
    node.child.kill('SIGTERM')
    const { code, stdout, stderr } = await node.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('admin_command')
    expect(stdout).not.toContain(KEY)
    expect(existsSync(control)).toBe(false)
  })

  test('what was changed holds after a stop, without a node and with the next one', async () => {
    expect((await farebox('upstreams list')).stdout).toMatch(/^keyed +enabled/m)
    // Its mint is in no setting here, and is asked all the same by a node that starts: it was dealt with.
    expect((await farebox('config egress')).stdout).toMatch(/^127\.0\.0\.1:9 +a mint/m)
    await start()
    expect(await models()).toContain('gpt-4o-mini')
    expect((await farebox('config show MARGIN')).stdout).toContain('20%  (table)')
  })

  test('a node that was killed leaves its control file, and commands work all the same', async () => {
    node.child.kill('SIGKILL')
    await node.ended
    expect(JSON.parse(readFileSync(control, 'utf8'))).toHaveProperty('token')
    expect((await farebox('config show MARGIN')).stdout).toContain('20%  (table)')
  })
})
