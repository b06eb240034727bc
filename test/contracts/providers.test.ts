import { afterEach, describe, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../../src/demo/index.ts'
import { systemClock } from '../../src/lib/index.ts'
import { providerNames, type ReplyHead, Upstreams } from '../../src/upstreams/index.ts'

const KEY = 'operator-key-7f3a'
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function shop(type: string): Promise<{ upstream: Upstream; upstreams: Upstreams; log: string[] }> {
  const upstream = await startUpstream()
  const log: string[] = []
  const upstreams = new Upstreams({
    configs: [
      { id: 'a', type, url: upstream.url, key: KEY, prices: 'openai', marginBp: undefined, order: 0 },
    ],
    clock: systemClock,
    onEvent: (event, fields) => void log.push(`${event} ${JSON.stringify(fields)}`),
  })
  open.push(
    () => upstreams.close(),
    () => upstream.close(),
  )
  return { upstream, upstreams, log }
}

describe.each(providerNames)('the provider %s', (type) => {
  test('lists the models of its upstream', async () => {
    const { upstream, upstreams } = await shop(type)
    await upstreams.refreshModels()
    const [state] = upstreams.states()
    expect(state?.lastError).toBeUndefined()
    const ids = state?.models.map(({ id }) => id)
    // One that has no list to be asked for tells what it knows, and asks nobody.
    expect(ids?.includes('gpt-4o-mini')).toBe(state?.canList)
    expect(upstream.requests).toHaveLength(state?.canList ? 1 : 0)
  })

  test('shows its key in one header, nowhere else, and brings the reply as it came', async () => {
    const { upstream, upstreams, log } = await shop(type)
    await upstreams.refreshModels()
    const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] })
    const heads: ReplyHead[] = []
    const pieces: Buffer[] = []
    const outcome = await upstreams.send(
      { upstreamId: 'a', path: '/chat/completions', body: Buffer.from(body), stream: false },
      { head: (head) => void heads.push(head), piece: (piece) => void pieces.push(piece) },
    )
    expect(outcome).toEqual({ kind: 'ended' })
    expect(heads).toMatchObject([{ status: 200, isStream: false }])
    expect(JSON.parse(Buffer.concat(pieces).toString())).toMatchObject({ object: 'chat.completion' })
    const asked = upstreams.states()[0]?.canList ? ['GET', 'POST'] : ['POST']
    expect(upstream.requests.map(({ method }) => method)).toEqual(asked)
    for (const request of upstream.requests) {
      const carriers = Object.values(request.headers).filter((value) => String(value).includes(KEY))
      expect(carriers).toHaveLength(1)
      expect(request.path + request.body).not.toContain(KEY)
    }
    expect(upstream.requests.at(-1)?.body).toBe(body)
    expect(log.join('\n')).not.toContain(KEY)
  })

  test('keeps the last good list when the upstream fails, and says why without the key', async () => {
    const { upstream, upstreams, log } = await shop(type)
    await upstreams.refreshModels()
    const before = upstreams.states()[0]?.models
    await upstream.close()
    await upstreams.refreshModels()
    const [state] = upstreams.states()
    expect(state?.models).toEqual(before)
    expect(state?.lastError !== undefined).toBe(state?.canList)
    expect(`${state?.lastError} ${log.join('\n')}`).not.toContain(KEY)
  })
})
