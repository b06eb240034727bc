import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Packs, installs from the registry in an empty folder as a stranger would, and runs the demo there. Needs a network. */
const home = mkdtempSync(join(tmpdir(), 'farebox-try-'))
const run = (command: string, args: readonly string[], cwd = home): void =>
  void execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
try {
  run('npm', ['pack', '--silent', '--pack-destination', home], join(import.meta.dirname, '..'))
  const [tarball = ''] = globSync('*.tgz', { cwd: home })
  writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}')
  run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`])
  run('npx', ['farebox', 'demo', '--once'])
  const check =
    "const { createNode, paywall } = await import('farebox'); if (!createNode || !paywall) process.exit(1)"
  run('node', ['--input-type=module', '-e', check])
} finally {
  rmSync(home, { recursive: true, force: true })
}
