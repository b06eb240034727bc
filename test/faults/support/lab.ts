import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '../../../src/app.ts'
import {
  type PlayMint,
  type PlayMintOptions,
  startPlayMint,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from '../../../src/demo/index.ts'
import { type ChildNode, type Settings, startChild } from './child-node.ts'
import { appOptions, UPSTREAM_KEY } from './options.ts'

export { UPSTREAM_KEY } from './options.ts'

/** A mint, an upstream and a data directory that outlive the node which is killed. */
export interface Lab extends AsyncDisposable {
  readonly mint: PlayMint
  readonly upstream: Upstream
  readonly dataDir: string
  settings(more?: Settings): Settings
  /** The real process, armed to kill itself at a failpoint. */
  start(failpoint?: string): Promise<ChildNode>
  /** The same node again, in this process, on the address where its callers look for it. */
  reopen(baseUrl: string): Promise<App>
}

export async function openLab(
  options: { mint?: PlayMintOptions; upstream?: UpstreamOptions } = {},
): Promise<Lab> {
  const mint = await startPlayMint({ feePpk: 100, ...options.mint })
  const upstream = await startUpstream({ key: UPSTREAM_KEY, ...options.upstream })
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-lab-'))
  const opened: App[] = []
  const settings = (more: Settings = {}): Settings => ({
    DATA_DIR: dataDir,
    LISTEN: '127.0.0.1:0',
    MINTS: mint.url,
    BTC_USD: '100000',
    MARGIN: '10%',
    LOG_LEVEL: 'silent',
    UPSTREAM_MAIN_URL: upstream.url,
    UPSTREAM_MAIN_KEY: UPSTREAM_KEY,
    UPSTREAM_MAIN_PRICES: 'openai',
    ...more,
  })
  return {
    mint,
    upstream,
    dataDir,
    settings,
    start: (failpoint) => startChild({ settings: settings(failpoint ? { FAILPOINT: failpoint } : {}) }),
    async reopen(baseUrl) {
      const app = await App.open(appOptions({ mint, upstream, dataDir }))
      opened.push(app)
      await app.listen({ host: '127.0.0.1', port: Number(new URL(baseUrl).port) })
      return app
    },
    async [Symbol.asyncDispose]() {
      for (const app of opened) await app.close()
      await upstream.close()
      await mint.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
