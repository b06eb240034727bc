import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What is published: dist/*.js with declarations. Node does not strip types below node_modules. */
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const manifest = createRequire(import.meta.url).resolve('typescript/package.json')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(dirname(manifest), 'bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  // What the compiler says is no output of `npm pack`.
  stdio: ['ignore', 2, 2],
})

// The compiler rewrites the specifiers of scripts, and leaves those of declarations as they were.
for (const file of globSync('**/*.d.ts', { cwd: dist })) {
  const path = join(dist, file)
  const text = readFileSync(path, 'utf8').replaceAll(
    /(from |import\()(['"]\.{1,2}\/[^'"]+)\.ts(['"])/g,
    '$1$2.js$3',
  )
  writeFileSync(path, text)
}

for (const entry of [
  'index.js',
  'index.d.ts',
  'main.js',
  'cli.js',
  'demo.js',
  'storage/checkpoint-worker.js',
]) {
  if (!existsSync(join(dist, entry))) throw new Error(`The build made no dist/${entry}`)
}
