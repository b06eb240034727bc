#!/usr/bin/env node
// Plain JavaScript that an old Node can read as well: it says one sentence where the rest could not even be parsed.
import { existsSync, readFileSync } from 'node:fs'

const LEAST = 24
const HELP = `Usage: farebox [command]

  start                 runs the node (the default); settings come from FAREBOX_* or .env
  demo                  a node on play money: a receipt, then a live node to try
  demo --once           the same, and ends; exit code 0 only if the books balance
  demo --json           prints one line {"baseUrl","mintUrl","token","model"} and stays up
  --version             prints the version
  --help                prints this
`

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

async function run([command = 'start', ...rest]) {
  if (command === '--version' || command === '-v') {
    console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
    return
  }
  if (command === '--help' || command === '-h') {
    console.log(HELP)
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
  stopWithNpm()
  if (command === 'demo') {
    const { demo } = await load('demo')
    process.exitCode = await demo(rest)
    return
  }
  if (command === 'start' && rest.length === 0) {
    await load('main')
    return
  }
  console.error(`There is no command "${[command, ...rest].join(' ')}".\n\n${HELP}`)
  process.exitCode = 2
}

run(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
