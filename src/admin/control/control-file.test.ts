import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ControlFile, readControl } from './control-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'farebox-control-'))
const path = join(dir, 'control.json')
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the control file', () => {
  test('says where the node takes commands, to its own user only, and goes with it', () => {
    const file = new ControlFile(dir)
    file.write('http://127.0.0.1:8081')
    expect(readControl(dir)).toEqual({ url: 'http://127.0.0.1:8081', token: file.token })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['control.json'])
    file.remove()
    expect(readControl(dir)).toBeUndefined()
  })

  test('takes the place of one that a killed run left, with a token of its own', () => {
    const killed = new ControlFile(dir)
    killed.write('http://127.0.0.1:9001')
    writeFileSync(`${path}.new`, 'half')
    const file = new ControlFile(dir)
    file.write('http://127.0.0.1:9002')
    expect(file.token).not.toBe(killed.token)
    expect(readControl(dir)).toEqual({ url: 'http://127.0.0.1:9002', token: file.token })
  })

  test.each([
    ['http://0.0.0.0:8081', 'http://127.0.0.1:8081'],
    ['http://[::]:8081', 'http://[::1]:8081'],
  ])('a node that listens at every address (%s) is reached at %s', (address, url) => {
    new ControlFile(dir).write(address)
    expect(readControl(dir)).toMatchObject({ url })
  })

  test.each([
    '',
    '{',
    '{"url":"http://127.0.0.1:1"}',
    '{"url":"file:///etc/passwd","token":"0123456789abcdef"}',
  ])('counts as absent when it holds %j', (text) => {
    writeFileSync(path, text)
    expect(readControl(dir)).toBeUndefined()
  })
})
