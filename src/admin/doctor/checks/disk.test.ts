import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { perform } from '../report.ts'
import { diskChecks, judgeFileSystem, judgeSpace, judgeSync } from './disk.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'farebox-doctor-'))
  for (const name of ['secret.key', 'farebox.db']) writeFileSync(join(dir, name), '', { mode: 0o600 })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const look = async (name: string, at = dir): Promise<unknown> => {
  const check = diskChecks(at).find((one) => one.name === name)
  return check && perform(check, 5000)
}
const MIB = 1024 ** 2

describe('the disk', () => {
  test.each([
    [50 * MIB, 'failed', '50 MiB free'],
    [500 * MIB, 'warning', '500 MiB free'],
    [2048 * MIB, 'ok', '2048 MiB free'],
    [900 * 1024 * MIB, 'ok', '900 GiB free'],
  ])('with %i bytes free is %s', (bytes, state, found) => {
    expect(judgeSpace(bytes)).toMatchObject({ state, found })
  })

  test('in memory or on a network is not one to keep money on', () => {
    expect(judgeFileSystem(0x01021994)).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/tmpfs/),
    })
    expect(judgeFileSystem(0x6969)).toMatchObject({ state: 'warning', found: expect.stringMatching(/NFS/) })
    expect(judgeFileSystem(0xef53)).toMatchObject({ state: 'ok' })
  })

  test.each([
    [[1, 2, 900], 'ok'],
    [[60, 60, 1], 'warning'],
    [[1500, 1200, 1], 'failed'],
  ])('whose writes take %j ms is %s', (times, state) => {
    expect(judgeSync(times)).toMatchObject({ state })
  })

  test('is written to for a moment only', async () => {
    const before = readdirSync(dir)
    expect(await look('disk sync')).toMatchObject({ found: expect.stringMatching(/on disk after [\d.]+ ms/) })
    expect(await look('disk space')).toMatchObject({ found: expect.stringMatching(/free/) })
    expect(readdirSync(dir)).toEqual(before)
  })

  test('that is not there, or cannot be written to, has failed with a cure', async () => {
    const nowhere = join(dir, 'nowhere')
    for (const name of ['disk space', 'disk sync']) {
      expect(await look(name, nowhere)).toMatchObject({
        ok: false,
        found: expect.stringContaining('ENOENT'),
        cure: expect.stringMatching(/\w/),
      })
    }
    expect(await look('disk sync', '/proc')).toMatchObject({ ok: false })
  })
})

describe('file modes', () => {
  beforeEach(() => chmodSync(dir, 0o700))

  test('that let nobody else in are well', async () => {
    expect(await look('file modes')).toMatchObject({ state: 'ok' })
  })

  test.each([0o644, 0o640, 0o604])('a key of mode %o has failed, and its cure mends it', async (mode) => {
    chmodSync(join(dir, 'secret.key'), mode)
    const cure = `chmod 600 ${join(dir, 'secret.key')}`
    expect(await look('file modes')).toMatchObject({ ok: false, cure: expect.stringContaining(cure) })
    chmodSync(join(dir, 'secret.key'), 0o600)
    expect(await look('file modes')).toMatchObject({ state: 'ok' })
  })

  test('an open database is a fault in an open directory only', async () => {
    chmodSync(join(dir, 'farebox.db'), 0o644)
    expect(await look('file modes')).toMatchObject({ state: 'ok' })
    chmodSync(dir, 0o755)
    expect(await look('file modes')).toMatchObject({ ok: false, found: 'Others may read farebox.db' })
    expect(statSync(join(dir, 'farebox.db')).mode & 0o777).toBe(0o644)
  })

  test('a node whose key is in the environment has no key file', async () => {
    rmSync(join(dir, 'secret.key'))
    expect(await look('file modes')).toMatchObject({ state: 'ok' })
  })
})
