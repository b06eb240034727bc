#!/usr/bin/env node
// Plain JavaScript that an old Node can read as well: it says one sentence where the rest could not even be parsed.
import { existsSync, readFileSync } from 'node:fs'

const LEAST = 24

// In the repository the source runs as it is; a published package has only what was built from it.
const hasSource = existsSync(new URL('../src/main.ts', import.meta.url))

/** @param {string} name */
function load(name) {
  return import(new URL(hasSource ? `../src/${name}.ts` : `../dist/${name}.js`, import.meta.url).href)
}

/**
 * `npm run` passes a signal to its shell only, which dies of it and leaves this process behind. So when we came by npm and
 * the shell is gone, that was the signal.
 */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const shell = process.ppid
  const look = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(look)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  look.unref()
}

/** @param {string[]} args */
async function run(args) {
  const [command = 'start', ...rest] = args
  if (command === '--version' || command === '-v') {
    console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
    return
  }
  if (Number(process.versions.node.split('.')[0]) < LEAST) {
    const cure = hasSource
      ? 'npm install brings one, which npm start and npm run demo use.'
      : 'https://nodejs.org has one.'
    console.error(`Farebox needs Node ${LEAST} or newer and this is ${process.version}; ${cure}`)
    process.exitCode = 1
    return
  }
  const wantsHelp = rest.includes('--help') || rest.includes('-h')
  if (command === 'start' && rest.length === 0) {
    stopWithNpm()
    await load('main')
    return
  }
  if (command === 'demo' && !wantsHelp) {
    stopWithNpm()
    const { demo } = await load('demo')
    process.exitCode = await demo(rest)
    return
  }
  const { cli } = await load('cli')
  process.exitCode = await cli(args)
}

run(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
