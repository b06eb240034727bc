import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBooks } from '../../src/books.ts'
import { reportBooks } from '../../src/demo.ts'
import { openAccount, transfer } from '../../src/ledger/index.ts'
import { msat } from '../../src/money/index.ts'
import { runNode } from '../support/run-node.ts'
import { startTestNode } from '../support/test-node.ts'

const bin = join(import.meta.dirname, '../../bin/farebox.js')
let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'farebox-demo-test-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const demo = (...args: string[]) =>
  runNode([bin, 'demo', ...args], { env: { TMPDIR: scratch, NODE_DISABLE_COMPILE_CACHE: '1' } })

describe('farebox demo --once', () => {
  test('prints a receipt whose books balance, ends with 0 and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await demo('--once').ended
    expect(stderr).toBe('')
    expect(code).toBe(0)
    for (const number of [1, 2, 3, 4, 5, 6, 7]) expect(stdout).toMatch(new RegExp(`^ ${number}  \\S`, 'm'))
    for (const label of ['paid in', 'set aside', 'cost', 'change, in X-Cashu', 'withdrawn, as ecash'])
      expect(stdout).toContain(label)
    expect(stdout).toContain('The books balance.')
    expect(stdout, 'no colours where nobody sees them').not.toContain('\u001B')
    expect(readdirSync(scratch)).toEqual([])
  })

  test('an option that does not exist is a sentence, and no success', async () => {
    const { code, stdout, stderr } = await demo('--twice').ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('There is no demo --twice.')
  })
})

describe('farebox demo --json', () => {
  test('says one line when it is ready, sells to a stock SDK, and ends well on SIGTERM', async () => {
    const running = demo('--json')
    const line = await running.said('\n')
    const ready: unknown = JSON.parse(line)
    expect(ready).toEqual({
      baseUrl: expect.stringMatching(/^http:/),
      mintUrl: expect.stringMatching(/^http:/),
      token: expect.stringMatching(/^cashuB/),
      model: expect.any(String),
    })
    const { baseUrl, token, model } = Object(ready)
    const client = new OpenAI({ apiKey: token, baseURL: `${baseUrl}/v1`, maxRetries: 0 })
    const reply = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] })
    expect(reply.choices[0]?.message.content).toContain('Hi')
    const info = await fetch(`${baseUrl}/v1/wallet/info`, { headers: { authorization: `Bearer ${token}` } })
    const { balance } = Object(await info.json())
    expect(balance, '1,000 sat less the fee of the mint and one call').toBeGreaterThan(990_000)
    expect(balance).toBeLessThan(1_000_000)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, stdout: line, stderr: '' })
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('a demo that npm started', () => {
  test('ends when npm was told to, though npm tells only its shell', async () => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${bin}" demo --json; true`], {
      env: { ...process.env, TMPDIR: scratch, npm_lifecycle_event: 'demo' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(shell.stdout, 'data')
    const gone = once(shell.stdout, 'close')
    shell.kill('SIGTERM')
    await gone
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('farebox demo', () => {
  test('stays up with snippets that work as they are printed', async () => {
    const running = demo()
    const shown = await running.said('Ctrl-C')
    expect(shown).toMatch(/^curl -s http\S+\/v1\/chat\/completions -H "Authorization: Bearer cashuB/m)
    expect(shown).toMatch(/^from openai import OpenAI\n(.+\n){3}\n/m)
    const script = /^import OpenAI from 'openai'\n(.+\n){3}/m.exec(shown)?.[0] ?? ''
    const { stdout, stderr } = await runNode(['--input-type=module', '-e', script]).ended
    expect(stderr).toBe('')
    expect(stdout).toContain('You said: Hello!')
    expect(stdout).toContain('cost_sats')
    // As npm and a terminal each pass on one Ctrl-C.
    running.child.kill('SIGINT')
    await new Promise((resolve) => {
      setTimeout(resolve, 3)
    })
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(0)
  })
})

describe('the books', () => {
  test('a coin more or less is seen, and said', async () => {
    await using node = await startTestNode()
    await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(64) })
    expect(await reportBooks(node.app.rooms)).toMatchObject({ isBalanced: true })
    const other = new DatabaseSync(join(node.dataDir, 'farebox.db'))
    other.exec(
      "UPDATE proof SET state = 'swapped' WHERE y IN (SELECT y FROM proof WHERE amount_sat = 1 LIMIT 1)",
    )
    other.close()
    const { text, isBalanced } = await reportBooks(node.app.rooms)
    expect(isBalanced).toBe(false)
    expect(text).toContain('Owed and earned are 63000 msat, the coins held are 62000 msat.')
    expect(text).toContain('The books do not balance.')
  })

  test('money on an account that stands in no line is seen', async () => {
    await using node = await startTestNode()
    const { storage } = node.app.rooms
    await storage.transact(async (tx) => {
      const odd = await openAccount(tx, { code: 'liability:odd', kind: 'liability' })
      const wallet = await openAccount(tx, { code: 'asset:held:nowhere', kind: 'asset' })
      const entries = [
        { account: odd, amount: msat(5n) },
        { account: wallet, amount: msat(-5n) },
      ]
      await transfer(tx, { reference: 'odd', reason: 'test', entries, at: 0 })
    })
    const { differences } = await readBooks(node.app.rooms)
    expect(differences).toContain('Accounts stand in no line: liability:odd.')
  })
})
