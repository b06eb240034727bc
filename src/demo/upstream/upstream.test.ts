import { request as httpRequest } from 'node:http'
import OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { MISBEHAVIOURS, startUpstream, type Upstream, type UpstreamOptions } from './index.ts'

const open: Upstream[] = []

async function start(options: UpstreamOptions = {}): Promise<{ upstream: Upstream; openai: OpenAI }> {
  const upstream = await startUpstream(options)
  open.push(upstream)
  return {
    upstream,
    openai: new OpenAI({ apiKey: 'sk-upstream', baseURL: upstream.url, maxRetries: 0, timeout: 5000 }),
  }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

const messages = [{ role: 'user' as const, content: 'What is six times seven?' }]
const ask = { model: 'gpt-4o-mini', messages }
const askStream = { ...ask, stream: true as const, stream_options: { include_usage: true } }

/** The bytes of a reply as far as they came, whether it ended well, and what its head was. */
async function raw(
  upstream: Upstream,
  body: object,
): Promise<{
  text: string
  complete: boolean
  status: number
  headers: Record<string, unknown>
  chunks: number
}> {
  const chunks: Buffer[] = []
  const req = httpRequest(`${upstream.url}/chat/completions`, { method: 'POST' })
  req.end(JSON.stringify(body))
  return new Promise((resolve) => {
    const nothing = { text: '', complete: false, status: 0, headers: {}, chunks: 0 }
    req.on('error', () => {
      resolve(nothing)
    })
    req.on('response', (res) => {
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', () => undefined)
      res.on('close', () => {
        const { statusCode: status = 0, headers, complete } = res
        resolve({ text: Buffer.concat(chunks).toString(), complete, status, headers, chunks: chunks.length })
      })
    })
  })
}

const misbehave = (name: string, stream = true): object => ({ ...(stream ? askStream : ask), user: name })

describe('with the openai SDK', () => {
  test('a whole answer comes from the prompt and counts its tokens', async () => {
    const { openai, upstream } = await start()
    const { choices, usage } = await openai.chat.completions.create(ask)
    expect(choices[0]?.message.content).toContain('six times seven')
    expect(choices[0]?.finish_reason).toBe('stop')
    expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 29, total_tokens: 41 })
    const longer = await openai.chat.completions.create({ ...ask, messages: [...messages, ...messages] })
    expect(longer.usage?.prompt_tokens).toBe(21)
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-upstream' },
      body: JSON.stringify(ask),
    })
  })

  test('a stream says the same as the whole answer, and its usage is the same', async () => {
    const { openai } = await start()
    const whole = await openai.chat.completions.create(ask)
    let text = ''
    let usage: unknown
    for await (const chunk of await openai.chat.completions.create(askStream)) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(usage).toEqual(whole.usage)
  })

  test('a stream that did not ask for usage has none', async () => {
    const { upstream } = await start()
    const { text } = await raw(upstream, { ...ask, stream: true })
    expect(text).not.toContain('"usage"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test('the smaller limit ends every choice with finish_reason length', async () => {
    const { openai } = await start()
    const { choices, usage } = await openai.chat.completions.create({
      ...ask,
      max_tokens: 9,
      max_completion_tokens: 5,
      n: 3,
    })
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length', 'length'])
    expect(usage?.completion_tokens).toBe(15)
  })

  test('embeddings are the same as floats and as base64', async () => {
    const { openai } = await start()
    const model = 'text-embedding-3-small'
    const input = ['one', 'two words']
    const floats = await openai.embeddings.create({ model, input, encoding_format: 'float' })
    const packed = await openai.embeddings.create({ model, input })
    expect(packed.data).toHaveLength(2)
    expect(packed.data[0]?.embedding).toHaveLength(1536)
    expect(packed.data[1]?.embedding[7]).toBeCloseTo(floats.data[1]?.embedding[7] ?? Number.NaN, 6)
    expect(floats.data[0]?.embedding).not.toEqual(floats.data[1]?.embedding)
    expect(floats.usage.prompt_tokens).toBe(3)
    const numbers = await openai.embeddings.create({ model, input: [1, 2, 3, 4], dimensions: 8 })
    expect(numbers.data[0]?.embedding).toHaveLength(8)
    expect(numbers.usage.total_tokens).toBe(4)
  })

  test('models are listed; an unknown one is 404, a wrong key 401, a bad body 400', async () => {
    const { openai } = await start({ models: ['gpt-4o-mini', 'vendor/with/slash'], key: 'sk-upstream' })
    const ids = (await openai.models.list()).data.map((model) => model.id)
    expect(ids).toEqual(['gpt-4o-mini', 'vendor/with/slash'])
    await expect(openai.chat.completions.create({ ...ask, model: 'gpt-9' })).rejects.toMatchObject({
      status: 404,
    })
    await expect(openai.chat.completions.create({ ...ask, messages: [] })).rejects.toMatchObject({
      status: 400,
    })
    const stranger = openai.withOptions({ apiKey: 'sk-wrong' })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401 })
  })

  test('a forced tool is called, whole and streamed', async () => {
    const { openai } = await start()
    const tools = [
      { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } },
    ]
    const forced = { ...ask, tools, tool_choice: 'required' as const }
    const { choices } = await openai.chat.completions.create(forced)
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'weather', arguments: '{"place":"Lagos"}' },
    })
    const streamed = await openai.chat.completions.stream({ ...forced, stream: true }).finalChatCompletion()
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { arguments: '{"place":"Lagos"}' },
    })
  })

  test('the test gives the answer', async () => {
    const { openai } = await start({ answer: (prompt) => `${prompt.length} ü` })
    const { choices } = await openai.chat.completions.create(ask)
    expect(choices[0]?.message.content).toBe('24 ü')
  })
})

describe('misbehaviour', () => {
  test.each([
    ['usage_absent', undefined],
    ['usage_null', null],
    ['usage_text', 'a lot'],
  ])('%s', async (name, expected) => {
    const { upstream } = await start()
    const whole = await raw(upstream, misbehave(name, false))
    expect(JSON.parse(whole.text).usage).toEqual(expected)
    const { text } = await raw(upstream, misbehave(name))
    expect(text.includes('"choices":[],')).toBe(name !== 'usage_absent')
  })

  test('usage_zero, usage_huge and usage_negative change the honest counts', async () => {
    const { upstream } = await start()
    const count = async (name: string): Promise<number> =>
      JSON.parse((await raw(upstream, misbehave(name, false))).text).usage.completion_tokens
    const honest = await count('none')
    expect(honest).toBeGreaterThan(10)
    expect(await count('usage_zero')).toBe(0)
    expect(await count('usage_huge')).toBe(honest * 1_000_000)
    expect(await count('usage_negative')).toBe(-honest)
  })

  test('usage_on_last_content puts the usage beside the finish reason', async () => {
    const { upstream } = await start()
    const { text } = await raw(upstream, misbehave('usage_on_last_content'))
    const events = text.trim().split('\n\n')
    expect(JSON.parse((events.at(-2) ?? '').slice(6))).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      usage: { prompt_tokens: expect.any(Number) },
    })
  })

  test('ignores_limit says far more than was asked for', async () => {
    const { upstream } = await start()
    const { text } = await raw(upstream, { ...misbehave('ignores_limit', false), max_tokens: 10 })
    expect(JSON.parse(text).usage.completion_tokens).toBe(80)
  })

  test.each([
    ['cut_before_head', 0, 0],
    ['cut_after_head', 200, 0],
    ['cut_mid_content', 200, 0.4],
    ['cut_before_usage', 200, 0.8],
    ['cut_before_done', 200, 0.9],
  ])('%s is a connection that broke, in a stream and in a whole reply', async (name, status, share) => {
    const { upstream } = await start()
    for (const stream of [true, false]) {
      const good = await raw(upstream, misbehave('none', stream))
      expect(good.complete).toBe(true)
      const broken = await raw(upstream, misbehave(name, stream))
      expect(broken).toMatchObject({ complete: false, status })
      expect(broken.text.length).toBeLessThan(good.text.length)
      expect(broken.text.length).toBeGreaterThanOrEqual(Math.floor(good.text.length * share * 0.7))
      expect(broken.text.includes('"completion_tokens"')).toBe(name === 'cut_before_done')
      expect(broken.text.includes('[DONE]')).toBe(false)
    }
    expect(upstream.stats.aborted).toBe(0)
  })

  test('hang_before_head and hang_mid_stream stay open until the client goes, who is counted', async () => {
    const { upstream, openai } = await start()
    const impatient = openai.withOptions({ timeout: 100 })
    await expect(impatient.chat.completions.create({ ...ask, user: 'hang_before_head' })).rejects.toThrow(
      'timed out',
    )
    await expect.poll(() => upstream.stats.aborted).toBe(1)
    const stream = await openai.chat.completions.create({ ...askStream, user: 'hang_mid_stream' })
    const texts: string[] = []
    setTimeout(() => {
      stream.controller.abort()
    }, 100)
    for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '')
    expect(texts.length).toBeGreaterThan(3)
    await expect.poll(() => upstream.stats.aborted).toBe(2)
  })

  test('no_done ends well without [DONE]; crlf and bytewise say the same as usual', async () => {
    const { upstream } = await start({ answer: () => 'short and sweet ü' })
    const { text, complete } = await raw(upstream, misbehave('no_done'))
    expect(complete).toBe(true)
    expect(text).toContain('"choices":[],')
    expect(text).not.toContain('[DONE]')
    const crlf = await raw(upstream, misbehave('crlf'))
    expect(crlf.text.endsWith('data: [DONE]\r\n\r\n')).toBe(true)
    expect(crlf.text.replaceAll('\r\n', '')).not.toContain('\n')
    const bytes = await raw(upstream, misbehave('bytewise'))
    expect(bytes.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(bytes.chunks).toBeGreaterThan(bytes.text.length / 4)
  })

  test('errors in a 200 reply', async () => {
    const { upstream, openai } = await start()
    const read = async (name: string): Promise<number> => {
      let count = 0
      for await (const chunk of await openai.chat.completions.create({ ...askStream, user: name }))
        count += chunk.choices.length
      return count
    }
    await expect(read('error_in_stream')).rejects.toThrow('overloaded')
    await expect(read('error_first')).rejects.toThrow('overloaded')
    const { text, status } = await raw(upstream, misbehave('error_first', false))
    expect([status, JSON.parse(text).error.code]).toEqual([200, 'overloaded'])
  })

  test.each([400, 401, 402, 403, 404, 422, 429, 500, 503])('status %i', async (status) => {
    const { upstream } = await start()
    upstream.behave((request) =>
      request.method === 'POST' ? { ...MISBEHAVIOURS.none, ...byStatus(status) } : undefined,
    )
    const reply = await raw(upstream, ask)
    expect(reply.status).toBe(status)
    expect(reply.headers['retry-after']).toBe(status === 429 ? '2' : undefined)
    expect(JSON.parse(reply.text).error.message).toContain(String(status))
  })

  test('bodies that are no answer', async () => {
    const { upstream } = await start()
    const garbage = await raw(upstream, misbehave('garbage'))
    expect(garbage.status).toBe(200)
    expect(() => JSON.parse(garbage.text)).toThrow('JSON')
    expect((await raw(upstream, misbehave('html'))).headers['content-type']).toBe('text/html')
    expect(await raw(upstream, misbehave('redirect'))).toMatchObject({
      status: 302,
      headers: { location: '/v1/elsewhere' },
    })
  })

  test('headers of payment and cookies, and a compressed body', async () => {
    const { upstream, openai } = await start()
    const { headers } = await raw(upstream, misbehave('payment_headers'))
    expect(headers).toMatchObject({
      'x-cashu': 'cashuBfromTheUpstream',
      'set-cookie': ['session=upstream; Path=/', 'second=1'],
    })
    expect((await raw(upstream, misbehave('gzip', false))).headers['content-encoding']).toBe('gzip')
    const { choices } = await openai.chat.completions.create({ ...ask, user: 'gzip' })
    expect(choices[0]?.message.content).toContain('six times seven')
  })

  test('a request chooses by the end of its model name before `user`, and by `user` before the test', async () => {
    const { upstream } = await start({ behave: 'status_500' })
    const status = async (body: object): Promise<number> => (await raw(upstream, { ...ask, ...body })).status
    expect(await status({})).toBe(500)
    expect(await status({ user: 'status_503' })).toBe(503)
    expect(await status({ user: 'status_503', model: 'gpt-4o-mini@status_422' })).toBe(422)
    expect(await status({ model: 'gpt-4o-mini@none' })).toBe(200)
    upstream.behave(undefined)
    expect(await status({ user: 'somebody' })).toBe(200)
    expect(await status({ model: 'gpt-4o-mini@nothing_known' })).toBe(404)
  })

  test('slow takes its time before each piece', async () => {
    const { upstream } = await start({ answer: () => 'a', behave: { ...MISBEHAVIOURS.slow, delayMs: 20 } })
    const begin = performance.now()
    await raw(upstream, ask)
    expect(performance.now() - begin).toBeGreaterThan(70)
  })
})

function byStatus(status: number): object {
  return Object.entries(MISBEHAVIOURS).find(([name]) => name === `status_${status}`)?.[1] ?? {}
}

describe('the gate', () => {
  test('keeps every reply waiting until it is released', async () => {
    const { upstream, openai } = await start()
    upstream.hold()
    const calls = Array.from({ length: 5 }, () => openai.chat.completions.create(ask))
    await expect.poll(() => upstream.stats.waiting).toBe(5)
    expect(upstream.stats.calls).toBe(5)
    upstream.release()
    expect(await Promise.all(calls)).toHaveLength(5)
    expect(upstream.stats.waiting).toBe(0)
  })

  test('a client that leaves at the gate is counted, and the requests that are kept are bounded', async () => {
    const { upstream } = await start()
    upstream.hold()
    const req = httpRequest(`${upstream.url}/chat/completions`, { method: 'POST' }).on(
      'error',
      () => undefined,
    )
    req.end(JSON.stringify(ask))
    await expect.poll(() => upstream.stats.waiting).toBe(1)
    req.destroy()
    await expect.poll(() => upstream.stats.aborted).toBe(1)
    for (let i = 0; i < 1010; i += 1) await (await fetch(`${upstream.url}/models?${i}`)).body?.cancel()
    expect(upstream.requests).toHaveLength(1000)
    expect(upstream.requests.at(-1)?.path).toBe('/v1/models?1009')
  })
})
