import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** One member of a port: where its file goes, and the list that names it. */
export interface Member {
  readonly fixture: string
  readonly file: string
  readonly name: string
  readonly list: string
  /** How the list imports it. */
  readonly from: string
}

/** A copy of the source in which members can be added, and which can be started. */
export interface CopiedHouse extends AsyncDisposable {
  add(member: Member): void
  /** Files that differ from the repository's, each with its added and removed lines; new files have no removed ones. */
  changes(): { file: string; isNew: boolean; added: string[]; removed: string[] }[]
  /** Starts the node; gives its address. */
  start(env: Readonly<Record<string, string>>): Promise<string>
}

const START_MS = 20_000

export function copyHouse(): CopiedHouse {
  const root = mkdtempSync(join(tmpdir(), 'farebox-house-'))
  cpSync('src', join(root, 'src'), { recursive: true })
  cpSync('package.json', join(root, 'package.json'))
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  let child: ChildProcess | undefined
  return {
    add: (member) => addMember(root, member),
    changes: () => changesIn(root),
    start: async (env) => {
      child = spawn(process.execPath, ['src/main.ts'], {
        cwd: root,
        env: { ...env, PATH: process.env['PATH'] ?? '', FAREBOX_DATA_DIR: join(root, 'data') },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return addressOf(child)
    },
    [Symbol.asyncDispose]: async () => {
      if (child && child.exitCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function addMember(root: string, { fixture, file, name, list, from }: Member): void {
  const up = '../'.repeat(file.split('/').length - 1)
  const source = readFileSync(join(import.meta.dirname, fixture), 'utf8')
  mkdirSync(dirname(join(root, 'src', file)), { recursive: true })
  writeFileSync(join(root, 'src', file), source.replaceAll("'../../../src/", `'${up}`))
  const path = join(root, 'src', list)
  const text = readFileSync(path, 'utf8')
  // Behind the last entry, whether the list stands on one line or on several.
  const withEntry = text.replace(/= \[(.+)\]$/m, `= [$1, ${name}]`).replace(/,\n\]$/m, `,\n  ${name},\n]`)
  if (withEntry === text) throw new Error(`${list} holds no list`)
  writeFileSync(path, `import { ${name} } from '${from}'\n${withEntry}`)
}

function changesIn(root: string): ReturnType<CopiedHouse['changes']> {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .flatMap((file) => {
      const [before, after] = [linesOf(file), linesOf(join(root, file))]
      const added = after.filter((line) => !before.includes(line))
      const removed = before.filter((line) => !after.includes(line))
      const isNew = before.length === 0
      return added.length + removed.length === 0 ? [] : [{ file, isNew, added, removed }]
    })
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  return new Promise((found, failed) => {
    const give = (): void => failed(new Error(`the copied node did not start: ${said}`))
    const timer = setTimeout(give, START_MS)
    const read = (text: Buffer): void => {
      said += text.toString()
      const address = /listens on (http:\S+)/.exec(said)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      found(address)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', give)
  })
}
