import type { App } from '../../../src/app.ts'

export const UPSTREAM_KEY = 'sk-upstream-0123456789abcdef'

/** What `Lab.settings` says, for a node that is not started by its settings. */
export function appOptions({
  mint,
  upstream,
  dataDir,
}: { dataDir: string } & { mint: { url: string }; upstream: { url: string } }): Parameters<
  typeof App.open
>[0] {
  const main = { id: 'main', type: 'openai', url: upstream.url, key: UPSTREAM_KEY, prices: 'openai' }
  return {
    dataDir,
    mints: [mint.url],
    upstreams: [{ ...main, marginBp: undefined, order: 0 }],
    marginBp: 1000,
    btcUsd: { centsPerBtc: 10_000_000n },
    mintTimeoutMs: 1000,
  }
}
