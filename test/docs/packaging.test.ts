import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { stepsOf } from '../../scripts/image/dockerfile.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

/** `npm run test:image` does the steps of the Dockerfile; it needs a registry. */
describe('the image', () => {
  const steps = stepsOf(read('docker/Dockerfile'))
  const of = (word: string): string[] => steps.filter((step) => step.word === word).map(({ rest }) => rest)

  test('runs as uid 1000, keeps its data in /data and looks after itself by Node alone', () => {
    expect(of('USER')).toEqual(['1000:1000'])
    expect(of('VOLUME')).toEqual(['/data'])
    expect(of('HEALTHCHECK')[0]).toMatch(/CMD \["node", "-e"/)
    expect(of('CMD')).toEqual(['["node", "bin/farebox.js", "start"]'])
  })

  test('holds nothing that depends on the processor: no package is for some only, or is built', () => {
    const lock = z.object({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })) })
    const packages = Object.entries(lock.parse(JSON.parse(read('package-lock.json'))).packages)
    const shipped = packages.filter(([name, { dev }]) => name !== '' && dev !== true)
    expect(shipped.length).toBeGreaterThan(20)
    const bound = shipped.filter(([, one]) => 'cpu' in one || 'os' in one || 'hasInstallScript' in one)
    expect(bound.map(([name]) => name)).toEqual([])
  })

  test('is run with a root that cannot be written, on loopback, and with time to end', () => {
    const compose = read('docker/compose.yml')
    for (const line of [
      'read_only: true',
      '- 127.0.0.1:8080:8080',
      'stop_grace_period: 150s',
      '- data:/data',
      '- /tmp',
    ])
      expect(compose).toContain(line)
  })
})

describe('the systemd unit', () => {
  const unit = read('deploy/systemd/farebox.service')

  test('has a user and a directory of its own, gets the key as a credential, and does not start a wrong setting again', () => {
    for (const line of [
      'DynamicUser=yes',
      'StateDirectory=farebox',
      'LoadCredential=secret.key:/etc/farebox/secret.key',
      'Environment=FAREBOX_SECRET_KEY_FILE=%d/secret.key',
      'RestartPreventExitStatus=78',
      'TimeoutStopSec=150',
      'ProtectSystem=strict',
    ]) {
      expect(unit.split('\n')).toContain(line)
    }
  })

  test.runIf(hasAnalyze)('is one that systemd reads without a complaint', () => {
    expect(complaints(unit)).toBe('')
    expect(complaints(unit.replace('StateDirectory=', 'StateDirectry='))).toContain('StateDirectry')
  })
})

function complaints(unit: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'farebox-unit-'))
  const path = join(folder, 'farebox.service')
  writeFileSync(path, unit)
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  return `${status === 0 ? '' : `ended with ${status}: `}${stdout}${stderr}`
}
