import { App } from './app.ts'
import { type Config, exitCodeFor, readConfig, readEnvironment } from './config/index.ts'
import { armFailpoint, DomainError, openLog } from './lib/index.ts'

/** The process: environment → config → app → listen; signals; nothing else. */
async function main(): Promise<void> {
  const environment = readEnvironment()
  const config = readConfig(environment)
  armFailpoint(config.failpoint)
  const log = openLog(config.logLevel)
  const app = await App.open({
    dataDir: config.dataDir,
    secretKeys: config.secretKeys.map((key) => key.reveal()),
    environment,
    upstreams: config.upstreams.map((upstream) => ({ ...upstream, key: upstream.key?.reveal() })),
    trustProxy: config.trustProxy,
    timeouts: config.timeouts,
    log,
  })
  stopOnSignals((signal, isRepeated) => {
    log('stopping', { signal })
    app.close({ graceMs: isRepeated ? 0 : config.shutdownGraceS * 1000 }).then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  const address = await openDoors(app, config).catch(async (error: unknown) => {
    await app.close()
    throw error
  })
  log('listening', { address })
  console.log(`Farebox listens on ${address}`)
  for (const reason of app.rooms.reasonsNotReady()) console.log(`Not selling yet: ${reason}`)
}

/** One Ctrl-C can come twice or three times: from the terminal, from npm, and by `bin/farebox.js`. */
const ECHO_MS = 1000

/** Whoever asks again after a while does not want to wait for running answers. */
function stopOnSignals(stop: (signal: string, isRepeated: boolean) => void): void {
  let first: number | undefined
  const heard = (signal: string): void => {
    const isRepeated = first !== undefined
    first ??= performance.now()
    if (!isRepeated || performance.now() - first > ECHO_MS) stop(signal, isRepeated)
  }
  process.on('SIGTERM', heard)
  process.on('SIGINT', heard)
}

/** The private door first: who finds the public one open can also give commands. @returns the public address */
async function openDoors(app: App, { listen, adminListen }: Config): Promise<string> {
  if (adminListen) await app.listenPrivately(adminListen)
  return app.listen(listen)
}

main().catch((error: unknown) => {
  // What has no name is a bug, and its report needs more than a sentence.
  console.error(error instanceof DomainError ? error.message : error)
  process.exit(exitCodeFor(error))
})
