import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, matchesGlob } from 'node:path'
import { type Step, stepsOf } from './image/dockerfile.ts'

/**
 * Does what docker/Dockerfile says, step by step, in an empty folder, and runs the result as uid 1000 where this process is
 * root. There is no container in it: the base image, and the image itself, are not built here. Needs a network.
 */
const root = join(import.meta.dirname, '..')
const dockerfile = join(root, 'docker/Dockerfile')
const UID = 1000
const IS_ROOT = process.getuid?.() === 0
const START_MS = 20_000
const STOP_MS = 20_000

interface Image {
  /** Stands for `/` of the image. */
  readonly base: string
  workdir: string
  user: string | undefined
  readonly env: Record<string, string>
  command: readonly string[]
  healthcheck: readonly string[]
}

async function main(): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'farebox-image-'))
  chmodSync(base, 0o755)
  try {
    const image: Image = { base, workdir: '/', user: undefined, env: {}, command: [], healthcheck: [] }
    for (const step of stepsOf(readFileSync(dockerfile, 'utf8'))) take(image, step)
    check(image.user === `${UID}:${UID}`, `The image runs as uid ${UID}, not as ${image.user}`)
    checkContent(image)
    await tryRun(image)
    say(
      `Every step of docker/Dockerfile was done in an empty folder and ran as ${IS_ROOT ? `uid ${UID}` : 'this user (not root, so not as uid 1000)'}. The image itself was not built: that needs a container engine.`,
    )
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

function take(image: Image, { word, rest }: Step): void {
  say(`${word} ${rest}`)
  if (word === 'ENV') {
    for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) image.env[name] = value
  } else if (word === 'WORKDIR') {
    image.workdir = rest
    mkdirSync(inside(image, rest), { recursive: true })
  } else if (word === 'COPY') copy(image, rest.split(' '))
  else if (word === 'RUN') runStep(image, rest)
  else if (word === 'USER') image.user = rest
  else if (word === 'CMD') image.command = readWords(rest)
  else if (word === 'HEALTHCHECK') image.healthcheck = readWords(rest.slice(rest.indexOf('CMD') + 3))
  else if (!['FROM', 'VOLUME', 'EXPOSE', 'STOPSIGNAL'].includes(word))
    throw new Error(`This script does not know the step ${word}`)
}

/** A COPY takes what the .dockerignore lets through. */
function copy(image: Image, words: readonly string[]): void {
  const [target = '', ...sources] = words.toReversed()
  const isIgnored = ignoreRules()
  for (const source of sources) {
    const isFolder = statSync(join(root, source)).isDirectory()
    const files = isFolder
      ? globSync('**/*', { cwd: join(root, source) }).map((file) => join(source, file))
      : [source]
    const taken = files.filter((file) => statSync(join(root, file)).isFile() && !isIgnored(file))
    check(taken.length > 0, `COPY ${source} finds nothing that Dockerfile.dockerignore lets through`)
    for (const file of taken) {
      const to = inside(
        image,
        isFolder ? join(image.workdir, target, file.slice(source.length)) : join(image.workdir, target, file),
      )
      mkdirSync(dirname(to), { recursive: true })
      cpSync(join(root, file), to)
    }
  }
}

/** The last rule that fits decides; `!` lets through. */
function ignoreRules(): (file: string) => boolean {
  const rules = readFileSync(join(root, 'docker/Dockerfile.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isIgnored: !line.startsWith('!'), glob: line.replace(/^!/, '') }))
  return (file) => {
    const parts = file.split('/')
    const parents = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
    return rules.findLast(({ glob }) => parents.some((path) => matchesGlob(path, glob)))?.isIgnored ?? false
  }
}

/** Absolute paths of the image stand for those below its base. */
function runStep(image: Image, line: string): void {
  const local = line.replaceAll(/(?<=\s)\/(?=[a-z])/g, `${image.base}/`)
  const command = IS_ROOT ? local : local.replaceAll(/ -[og] \d+/g, '')
  mkdirSync(inside(image, '/usr/local/bin'), { recursive: true })
  execFileSync('sh', ['-ec', command], {
    cwd: inside(image, image.workdir),
    // How this machine reaches the registry is its own matter; its cache is not to be cleaned.
    env: {
      ...process.env,
      ...envOf(image),
      HOME: process.env['HOME'],
      npm_config_cache: join(image.base, 'npm-cache'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function checkContent(image: Image): void {
  const app = inside(image, '/app')
  const files = globSync('**/*', { cwd: app, exclude: ['node_modules/**'] })
  check(
    !files.some((file) => /\.test\.ts$|\.env$|farebox\.db/.test(file)),
    'No test, .env or database is in the image',
  )
  for (const name of ['typescript', 'vitest', 'oxlint']) {
    check(!existsSync(join(app, 'node_modules', name)), `${name} is not in the image`)
  }
  if (IS_ROOT) check(statSync(inside(image, '/data')).uid === UID, '/data belongs to the image’s user')
  check((statSync(inside(image, '/data')).mode & 0o777) === 0o700, '/data is closed to others')
}

async function tryRun(image: Image): Promise<void> {
  const port = await freePort()
  const env = {
    ...envOf(image),
    FAREBOX_DATA_DIR: inside(image, image.env['FAREBOX_DATA_DIR'] ?? ''),
    FAREBOX_LISTEN: `127.0.0.1:${port}`,
    FAREBOX_ADMIN_LISTEN: 'off',
  }
  const [program = '', ...args] = asUser(image.command)
  const child = spawn(program, args, {
    cwd: inside(image, image.workdir),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => void (said += text.toString()))
  try {
    await until(() => said.includes('listens on') || child.exitCode !== null, START_MS)
    check(child.exitCode === null, `The node starts: ${said}`)
    const [healthProgram = '', ...healthArgs] = asUser(image.healthcheck)
    execFileSync(healthProgram, healthArgs, { env, stdio: 'inherit' })
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
    check(
      ready.status === 503 && (await ready.text()).includes('FAREBOX_MINTS'),
      '/readyz names the next step',
    )
    const written = globSync('**/*', { cwd: image.base, exclude: ['app/node_modules/**'] }).filter(
      (file) => IS_ROOT && statSync(join(image.base, file)).uid === UID && !file.startsWith('data'),
    )
    check(written.length === 0, `Only /data is written: ${written.join(', ')}`)
    check(readdirSync(inside(image, '/data')).includes('farebox.db'), 'The database is in /data')
  } finally {
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref()
    await ended
  }
  check(child.exitCode === 0, `SIGTERM ends it with 0, not ${child.exitCode}: ${said}`)
}

function asUser(command: readonly string[]): string[] {
  if (!IS_ROOT) return [...command]
  return ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--no-new-privs', ...command]
}

/** The Node that runs this script stands for the one of the base image. */
function envOf(image: Image): Record<string, string> {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
  return { PATH: path, HOME: image.base, ...image.env }
}

function inside(image: Image, path: string): string {
  return join(image.base, path)
}

function readWords(text: string): string[] {
  const words: unknown = JSON.parse(text.trim())
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words
  throw new Error(`Not a list of words: ${text}`)
}

async function until(isDone: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms
  while (!isDone() && Date.now() < end) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`)
}

function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new Error(`Not so: ${claim}`)
}

await main()
