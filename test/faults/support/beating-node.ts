import { App } from '../../../src/app.ts'
import { armFailpoint } from '../../../src/lib/index.ts'
import { appOptions } from './options.ts'

/** A node in a process of its own whose heartbeat is quick; that is no setting, so `src/main.ts` cannot be asked for it. */
const [dataDir = '', mint = '', upstream = '', failpoint = ''] = process.argv.slice(2)
armFailpoint(failpoint)
const options = appOptions({ dataDir, mint: { url: mint }, upstream: { url: upstream } })
const app = await App.open({ ...options, heartbeatMs: 10 })
process.stdout.write(`Farebox listens on ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
