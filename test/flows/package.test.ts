import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runNode } from '../support/run-node.ts'

const root = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'farebox-package-'))
const installed = join(home, 'node_modules/farebox')

/**
 * Unpacks what would be published beside the production dependencies alone. Without the registry, so that tests need no
 * network; `npm run test:package` installs it for real.
 */
beforeAll(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', home], { cwd: root })
  mkdirSync(installed, { recursive: true })
  const [tarball = ''] = globSync('*.tgz', { cwd: home })
  execFileSync('tar', ['xzf', join(home, tarball), '-C', installed, '--strip-components=1'])
  const { dependencies } = Object(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')))
  for (const name of Object.keys(dependencies)) link(name)
}, 60_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

function link(name: string): void {
  const target = join(home, 'node_modules', name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(join(root, 'node_modules', name), target, 'dir')
}

const run = (...args: string[]) => runNode(args, { cwd: home }).ended
const bin = join(installed, 'bin/farebox.js')

describe('the package', () => {
  test('holds JavaScript with declarations, and no source, tests or paths into the source', () => {
    const files = globSync('**/*', { cwd: installed })
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'dist/index.js', 'dist/index.d.ts']))
    expect(files.filter((file) => /\.test\.|(?<!\.d)\.ts$|__fixtures__|farebox\.db/.test(file))).toEqual([])
    const specifier = /(?:from |import\()['"]\.[^'"]*\.ts['"]/
    const code = files.filter((file) => /\.(?:js|d\.ts)$/.test(file))
    expect(code.filter((file) => specifier.test(readFileSync(join(installed, file), 'utf8')))).toEqual([])
  })

  test('runs the demo with balanced books', async () => {
    const { code, stdout, stderr } = await run(bin, 'demo', '--once')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('The books balance.')
  })

  test('starts a node, which names what it still needs', async () => {
    const env = {
      FAREBOX_DATA_DIR: join(home, 'data'),
      FAREBOX_LISTEN: '127.0.0.1:0',
      FAREBOX_ADMIN_LISTEN: 'off',
    }
    const running = runNode([bin], { cwd: home, env })
    await running.said('Farebox listens on http://127.0.0.1:')
    await running.said('Write FAREBOX_MINTS')
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })

  test('says its version, its commands, and when Node is too old', async () => {
    const { version } = Object(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
    expect((await run(bin, '--version')).stdout).toBe(`${version}\n`)
    expect((await run(bin, '--help')).stdout).toContain('farebox [command]')
    expect(await run(bin, 'strat')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no command "strat"'),
    })
    const aged = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})'
    const old = await run('--import', `data:text/javascript,${aged}`, bin, 'demo', '--once')
    expect(old).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Farebox needs Node 24.*\n$/),
    })
  })

  test('gives createNode and paywall, with types that a strict program can use', async () => {
    const names = await run('--input-type=module', '-e', "console.log(Object.keys(await import('farebox')))")
    expect(names.stdout).toBe("[ 'createNode', 'paywall' ]\n")
    for (const name of ['@types/express', '@types/node']) link(name)
    const program = `import { createNode, paywall } from 'farebox'
const node = await createNode({ dataDir: 'data', mints: [] })
export const two = paywall({ node, price: { sat: 2 } })
export const byRequest = paywall({ node, price: ({ path }) => ({ msat: path.length }) })
// @ts-expect-error -- a bare number is never money
export const bare = paywall({ node, price: 2 })
`
    writeFileSync(join(home, 'program.mts'), program)
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'esnext', '--types', 'node']
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const checked = await run(tsc, ...flags, 'program.mts')
    expect(checked.stdout).toBe('')
    expect(checked.code).toBe(0)
  })
})
