import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startPlayMint, startUpstream } from '../../src/demo/index.ts'
import { ask, jsonOf } from '../faults/support/caller.ts'
import { startChild } from '../faults/support/child-node.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'farebox-timeouts-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const hanging = (stream: boolean) => ({
  model: 'gpt-4o-mini',
  stream,
  messages: [{ role: 'user', content: 'hi' }],
})

test('a real node gives an upstream as long as it is told to, and a reply that did not come costs nothing', async () => {
  const mint = await startPlayMint()
  const upstream = await startUpstream({ key: 'sk-up' })
  const child = await startChild({
    settings: {
      DATA_DIR: dataDir,
      LISTEN: '127.0.0.1:0',
      LOG_LEVEL: 'silent',
      MINTS: mint.url,
      BTC_USD: '100000',
      UPSTREAM_MAIN_URL: upstream.url,
      UPSTREAM_MAIN_KEY: 'sk-up',
      UPSTREAM_MAIN_PRICES: 'openai',
      FIRST_BYTE_TIMEOUT: '1',
      WHOLE_REPLY_TIMEOUT: '2',
    },
  })
  try {
    upstream.behave({ hang: 'before_head' })
    const ecash = await mint.mintEcash(500)
    const headers = { authorization: `Bearer ${ecash}` }
    for (const [stream, least, most] of [
      [true, 900, 1900],
      [false, 1900, 3900],
    ] as const) {
      const begun = performance.now()
      const reply = await ask(child.baseUrl, { path: '/v1/chat/completions', headers, body: hanging(stream) })
      const ms = performance.now() - begun
      expect(reply.status).toBe(424)
      expect(jsonOf(reply)['error']).toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
      expect(ms).toBeGreaterThan(least)
      expect(ms).toBeLessThan(most)
    }
    const wallet = await ask(child.baseUrl, { method: 'GET', path: '/v1/wallet/balance', headers })
    expect(jsonOf(wallet)).toMatchObject({ balance_msat: 500_000, reserved_msat: 0 })
  } finally {
    await child.stop()
    await upstream.close()
    await mint.close()
  }
})
