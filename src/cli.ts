import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type OfflineNode, processScreen, runCli } from './cli/index.ts'
import { definitions, type Environment, readConfig, readEnvironment, SETTINGS } from './config/index.ts'
import { openOffline } from './offline.ts'

/** One command line, carried out. @returns the exit code */
export function cli(args: readonly string[]): Promise<number> {
  const screen = processScreen()
  return runCli(args, {
    screen,
    // Other settings may be wrong here: a node that serves has its own.
    usualDataDir: () => dataDirIn(readEnvironment()),
    openOffline: (dataDir) => {
      if (isNew(dataDir)) screen.note(`${dataDir} is a new data directory.`)
      return openNode(dataDir, readEnvironment())
    },
  })
}

/** One that may not be looked into is not new. */
function isNew(dataDir: string): boolean {
  try {
    statSync(join(dataDir, 'farebox.db'))
    return false
  } catch (error) {
    return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT'
  }
}

function dataDirIn(environment: Environment): string {
  return resolve(environment.get('DATA_DIR') ?? SETTINGS.DATA_DIR.byDefault)
}

async function openNode(dataDir: string, found: Environment): Promise<OfflineNode> {
  const isUsual = dataDir === dataDirIn(found)
  const environment = isUsual ? found : new Map([...found, ['DATA_DIR', dataDir]])
  const config = readConfig(environment)
  return openOffline({
    dataDir,
    secretKeys: config.secretKeys.map((key) => key.reveal()),
    environment,
    upstreams: config.upstreams.map((upstream) => ({ ...upstream, key: upstream.key?.reveal() })),
    definitions,
    named: SETTINGS,
  })
}
