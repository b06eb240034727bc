import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitions, upstreamDefinitions } from '../../src/config/index.ts'
import { canMount, openDisk } from '../faults/support/disk.ts'
import { runChild, type Settings, startChild } from '../faults/support/child-node.ts'
import { copyFixture } from '../faults/support/fixture.ts'

const CONFIGURATION = 78
const OTHER = 1
const SECRET = 'hunter2'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'farebox-bad-start-'))
  const negative = { models: { 'gpt-4o-mini': { input: '-0.15', output: '0.60' } } }
  writeFileSync(join(root, 'negative.json'), JSON.stringify(negative))
  mkdirSync(join(root, 'a-directory'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const member = (name: string): string => `UPSTREAM_MAIN_${name}`
const main = { [member('URL')]: 'http://127.0.0.1:9/v1', [member('PRICES')]: 'openai' }

/** A setting by its name, a value that it cannot have, what has to be said of it, and what else is set. */
type Wrong = readonly [name: string, value: string, says: RegExp]

const wrong: readonly Wrong[] = [
  ['MINTS', 'mint.example', /mint\.example.*https:\/\/host/],
  ['MINTS', 'https://mint.example,htps://other.example', /htps:\/\/other\.example.*https:\/\/host/],
  ['BTC_USD', 'much', /is much\. .*as 95000/],
  ['BTC_USD', '0.0001', /is 0\.0001\. .*as 95000/],
  ['MARGIN', '10', /is 10\. .*as 10%/],
  ['MARGIN', '-1%', /is -1%\. .*as 10%/],
  ['NAME', 'two\nlines', /one line/],
  ['DESCRIPTION', 'two\nlines', /one line/],
  ['PUBLIC_URL', 'ai.example', /ai\.example.*https:\/\/host/],
  ['CORS_ORIGINS', 'chat.example', /chat\.example.*https:\/\//],
  ['PRICE_REFRESH', 'yes', /is yes\. .*on or off/],
  ['LISTEN', 'localhost', /is localhost\. .*127\.0\.0\.1:8080/],
  ['LISTEN', '203.0.113.1:8080', /203\.0\.113\.1:8080.*127\.0\.0\.1:8080/],
  ['ADMIN_LISTEN', 'localhost', /is localhost\. .*127\.0\.0\.1/],
  ['TRUST_PROXY', 'everybody', /is everybody\. .*10\.0\.0\.0\/8/],
  ['LOG_LEVEL', 'loud', /is loud\. .*debug/],
  ['SHUTDOWN_GRACE', '2m', /is 2m\. .*120/],
  ['CONNECT_TIMEOUT', '0', /is 0\. .*from 1 to 86400/],
  ['FIRST_BYTE_TIMEOUT', '-1', /is -1\. .*from 1 to 86400/],
  ['WHOLE_REPLY_TIMEOUT', '9m', /is 9m\. .*from 1 to 86400/],
  ['IDLE_TIMEOUT', 'never', /is never\. .*from 1 to 86400/],
  ['TOTAL_TIMEOUT', '86401', /is 86401\. .*from 1 to 86400/],
  ['SECRET_KEY', SECRET, /is not a key\. .*64 hex digits/],
  ['SECRET_KEY_FILE', '/nowhere/key', /\/nowhere\/key/],
  [member('URL'), `https://a:${SECRET}@api.example/v1`, /https:\/\/host\/path/],
  [member('KEY'), `sk-${SECRET}\nmore`, /one line/],
  [member('PRICES'), 'opena', /opena.*openai/],
  [member('TYPE'), 'telex', /openai.*not telex/],
  [member('MARGIN'), '15', /is 15\. .*as 10%/],
  ['MARGINS', '10%', /not a setting\. Did you mean FAREBOX_MARGIN\?/],
  [member('PRICE'), 'openai', /not a setting\. Did you mean FAREBOX_UPSTREAM_MAIN_PRICES\?/],
]

/** What a start that must fail says: one line for a human, no stack, no secret. */
async function startBadly(settings: Settings): Promise<{ code: number | null; sentence: string }> {
  const { code, output } = await runChild({
    settings: { LISTEN: '127.0.0.1:0', ADMIN_LISTEN: 'off', LOG_LEVEL: 'silent', ...settings },
  })
  const sentence = output.trim()
  expect(sentence).not.toBe('')
  expect(sentence.split('\n')).toHaveLength(1)
  expect(sentence).not.toContain(SECRET)
  expect(sentence).not.toMatch(/ {4}at |Error:/)
  return { code, sentence }
}

const fresh = (name: string): string => join(root, name.replaceAll(/\W+/g, '-'))

describe.concurrent('a value that a setting cannot have stops the start as a fault of the configuration', () => {
  test.each(wrong)('%s=%j', async (name, value, says) => {
    const besides = name.startsWith('UPSTREAM_') ? main : {}
    const settings = { DATA_DIR: fresh(name + value), ...besides, [name]: value }
    const { code, sentence } = await startBadly(settings)
    expect({ code, sentence }).toEqual({ code: CONFIGURATION, sentence: expect.stringMatching(says) })
    expect(sentence).toMatch(new RegExp(`FAREBOX_${name}|the upstream "main"`, 'i'))
  })

  test.each(['URL', 'PRICES'])('an upstream without its %s', async (missing) => {
    const rest = Object.entries(main).filter(([name]) => name !== member(missing))
    const settings = { DATA_DIR: fresh(`no-${missing}`), ...Object.fromEntries(rest) }
    const { code, sentence } = await startBadly(settings)
    expect(code).toBe(CONFIGURATION)
    expect(sentence).toMatch(new RegExp(`^FAREBOX_UPSTREAM_MAIN_${missing} is missing\\. Write `))
  })

  test('a price file with a negative price', async () => {
    const settings = { DATA_DIR: fresh('negative'), ...main, [member('PRICES')]: join(root, 'negative.json') }
    const { code, sentence } = await startBadly(settings)
    expect(code).toBe(CONFIGURATION)
    expect(sentence).toMatch(/upstream "main".*negative\.json.*gpt-4o-mini\.input.*-0\.15/)
  })

  test('is tried here for every setting that can be wrong', () => {
    const tried = new Set(wrong.map(([name]) => name))
    const all = [
      ...definitions.map(({ name }) => name),
      ...upstreamDefinitions.map(({ name }) => member(name)),
    ]
    const anyTextWillDo = ['ALLOW_FIELDS']
    const below = ['DATA_DIR']
    expect(all.filter((name) => !tried.has(name)).toSorted()).toEqual([...anyTextWillDo, ...below])
  })
})

describe.concurrent('what the node finds at its start', () => {
  test('a data directory that is a file', async () => {
    const path = join(root, 'negative.json')
    const { code, sentence } = await startBadly({ DATA_DIR: path })
    expect(code).toBe(CONFIGURATION)
    expect(sentence).toMatch(/^FAREBOX_DATA_DIR is .*negative\.json, which is not a directory\. Name /)
  })

  test('a port that another program listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, sentence } = await startBadly({ DATA_DIR: fresh('port'), LISTEN: `127.0.0.1:${port}` })
    expect(code).toBe(OTHER)
    expect(sentence).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}: another program.*FAREBOX_LISTEN`))
    server.close()
  })

  test('a second node on its data directory', async () => {
    const settings = {
      DATA_DIR: fresh('second'),
      LISTEN: '127.0.0.1:0',
      ADMIN_LISTEN: 'off',
      LOG_LEVEL: 'silent',
    }
    const child = await startChild({ settings })
    const { code, sentence } = await startBadly(settings)
    expect(code).toBe(OTHER)
    expect(sentence).toMatch(/^Another Farebox is using .*second\. Stop it, or give .*FAREBOX_DATA_DIR\.$/)
    expect(await child.stop()).toMatchObject({ code: 0 })
  })

  test('a key file that cannot be read', async () => {
    using old = copyFixture(1)
    rmSync(join(old.dataDir, 'secret.key'))
    mkdirSync(join(old.dataDir, 'secret.key'))
    const { code, sentence } = await startBadly(old.settings())
    expect(code).toBe(CONFIGURATION)
    expect(sentence).toMatch(/secret\.key cannot be read\. .*0600/)
  })

  test('a data directory that cannot be written', async () => {
    using disk = openDisk({ isReadOnly: true })
    const { code, sentence } = await startBadly({ DATA_DIR: disk.path })
    expect(code).toBe(OTHER)
    expect(sentence).toMatch(/^FAREBOX_DATA_DIR is .*, but it cannot be written\. .*start again\.$/)
  })

  test.skipIf(!canMount)('a full disk', async () => {
    using disk = openDisk({ kib: 64 })
    const { code, sentence } = await startBadly({ DATA_DIR: join(disk.path, 'data') })
    expect(code).toBe(OTHER)
    expect(sentence).toMatch(/^FAREBOX_DATA_DIR is .*, but its disk is full\. Make room, and start again\.$/)
  })

  test.skipIf(!canMount)(
    'no room to save the database before an upgrade, which leaves it as it was',
    async () => {
      using old = copyFixture(1)
      using disk = openDisk({ kib: 320 })
      for (const file of ['farebox.db', 'secret.key'])
        copyFileSync(join(old.dataDir, file), join(disk.path, file))
      const { code, sentence } = await startBadly({ ...old.settings(), DATA_DIR: disk.path })
      expect(code).toBe(OTHER)
      expect(sentence).toMatch(
        /^There is no room in .* 1 MiB are needed\. Make room, .* Nothing was changed\.$/,
      )
      const same = readFileSync(join(disk.path, 'farebox.db')).equals(
        readFileSync(join(old.dataDir, 'farebox.db')),
      )
      expect(same).toBe(true)
      expect(readdirSync(disk.path).filter((name) => name.includes('before'))).toEqual([])
    },
  )
})
