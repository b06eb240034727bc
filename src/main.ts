import { App } from './app.ts'
import { readConfig, readEnvironment } from './config/index.ts'
import { armFailpoint, DomainError, openLog } from './lib/index.ts'

/** The process: environment → config → app → listen; signals; nothing else. */
async function main(): Promise<void> {
  const config = readConfig(readEnvironment())
  armFailpoint(config.failpoint)
  const log = openLog(config.logLevel)
  const app = await App.open({
    dataDir: config.dataDir,
    secretKeys: config.secretKeys.map((key) => key.reveal()),
    mints: config.mints,
    upstreams: config.upstreams.map((upstream) => ({ ...upstream, key: upstream.key?.reveal() })),
    marginBp: config.marginBp,
    btcUsd: config.btcUsd,
    allowedFields: config.allowFields,
    profile: { name: config.name, description: config.description, publicUrl: config.publicUrl },
    log,
  })
  const stop = (signal: string): void => {
    log('stopping', { signal })
    app.close({ graceMs: config.shutdownGraceS * 1000 }).then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  const address = await app.listen(config.listen)
  log('listening', { address })
  console.log(`Farebox listens on ${address}`)
  for (const reason of app.rooms.reasonsNotReady()) console.log(`Not selling yet: ${reason}`)
}

main().catch((error: unknown) => {
  const isOurs = error instanceof DomainError
  console.error(isOurs ? error.message : error)
  process.exit(1)
})
