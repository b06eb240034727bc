import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ended, runNode } from '../support/run-node.ts'

/** The root key as a service manager hands it over (`LoadCredential`): a file that the node can read and nobody can write. */
const bin = join(import.meta.dirname, '../../bin/farebox.js')
const home = mkdtempSync(join(tmpdir(), 'farebox-credential-'))
const credentials = join(home, 'credentials')
const keyFile = join(credentials, 'secret.key')
const dataDir = join(home, 'data')

beforeAll(() => mkdirSync(credentials))
afterAll(() => {
  chmodSync(credentials, 0o700)
  rmSync(home, { recursive: true, force: true })
})

function hand(text: string): void {
  chmodSync(credentials, 0o700)
  rmSync(keyFile, { force: true })
  writeFileSync(keyFile, text, { mode: 0o400 })
  chmodSync(credentials, 0o500)
}

function farebox(line: string): Promise<Ended> {
  const env = {
    FAREBOX_DATA_DIR: dataDir,
    FAREBOX_SECRET_KEY_FILE: keyFile,
    FAREBOX_BTC_USD: '100000',
    FAREBOX_LISTEN: '127.0.0.1:0',
    FAREBOX_ADMIN_LISTEN: 'off',
  }
  return runNode([bin, ...line.split(' ')], { cwd: home, env }).ended
}

async function rotate(): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await farebox('keys rotate --json')
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return { ...Object(JSON.parse(stdout)) }
}

test('a key in a file that nobody can write is used, changed by its owner, and never copied to the data directory', async () => {
  const first = randomBytes(32).toString('hex')
  hand(`${first}\n`)
  writeFileSync(join(home, 'key'), 'sk-of-the-supplier')
  const added = 'upstreams add shed --url http://127.0.0.1:9/v1 --prices openai --key-file key'
  expect(await farebox(added)).toMatchObject({ code: 0 })

  const begun = await rotate()
  expect(begun).toMatchObject({ isComplete: false, resealed: 0 })
  expect(readFileSync(keyFile, 'utf8')).toBe(`${first}\n`)
  hand(`${String(begun['newKey'])}\n${first}\n`)
  expect(await rotate()).toMatchObject({ isComplete: true })

  hand(`${String(begun['newKey'])}\n`)
  expect((await farebox('upstreams list')).stdout).toMatch(/^shed /m)
  expect(existsSync(join(dataDir, 'secret.key'))).toBe(false)
  hand(`${first}\n`)
  expect(await farebox('start')).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('belongs to another database'),
  })
})

test('a credential that is empty does not make the node think up a key of its own', async () => {
  rmSync(dataDir, { recursive: true, force: true })
  hand('\n')
  expect(await farebox('start')).toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/^FAREBOX_SECRET_KEY_FILE names the file .*, which is empty\./),
  })
  expect(existsSync(dataDir)).toBe(false)
})
