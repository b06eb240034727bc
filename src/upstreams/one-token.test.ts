import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Cellar, declare, listing, openShop, type Shop, status } from './__fixtures__/shops.ts'

let cellar: Cellar
let shop: Shop
beforeEach(async () => {
  cellar = new Cellar()
  shop = await openShop(listing('m1', 'm2'))
})
afterEach(async () => {
  await cellar[Symbol.asyncDispose]()
  await shop.close()
})

const open = (rest = {}, wholeFirstByteMs = 5000) =>
  cellar.open([declare('a', shop.url, rest)], { timeouts: { wholeFirstByteMs }, pauses: 'off' })

const GOOD = JSON.stringify({
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'length' }],
  usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 },
})

describe('the call of one token', () => {
  test('asks the named model, else the first listed one, and tells usage, status and time', async () => {
    const upstreams = await open()
    await upstreams.refreshModels()
    shop.answer = (_, res) => void res.end(GOOD)
    const trial = await upstreams.test('a')
    expect(trial).toMatchObject({ model: 'm1', status: 200, problem: undefined, message: undefined })
    expect(trial.usage).toMatchObject({ inputTokens: 8, outputTokens: 1 })
    expect(trial.ms).toBeGreaterThanOrEqual(0)
    const { body = '', headers } = shop.seen.at(-1) ?? {}
    expect(JSON.parse(body)).toEqual({
      model: 'm1',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 1,
    })
    expect(headers?.authorization).toBe('Bearer sk-a-secret')
    expect(await upstreams.test('a', 'm9')).toMatchObject({ model: 'm9' })
  })

  test('gives a model that must think first a little more room', async () => {
    const upstreams = await open()
    shop.answer = (_, res) => {
      const isTooLow = JSON.parse(shop.seen.at(-1)?.body ?? '{}').max_tokens < 16
      res.writeHead(isTooLow ? 400 : 200).end(isTooLow ? '{}' : GOOD)
    }
    expect(await upstreams.test('a', 'm1')).toMatchObject({ status: 200, problem: undefined })
    expect(shop.seen).toHaveLength(2)
  })

  test.each([
    [401, 'The upstream refuses the key.', /Check the key/],
    [403, 'The upstream refuses the key.', /Check the key/],
    [402, 'The upstream wants money.', /Top up/],
    [
      404,
      'The upstream does not know the model, or has no chat completions at this address.',
      /name of the model/,
    ],
    [429, 'The upstream asks us to slow down, or the quota of the account is used up.', /Wait/],
    [503, 'The upstream answered 503.', /status page/],
    [307, 'The upstream answered 307.', /status page/],
  ])('that is answered with %i says what that means and what to do', async (code, sentence, cure) => {
    const upstreams = await open()
    shop.answer = status(code)
    const trial = await upstreams.test('a', 'm1')
    expect(trial).toMatchObject({ status: code, usage: undefined, problem: { sentence } })
    expect(trial.problem?.cure).toMatch(cure)
    expect(trial.message).toBe(`${sentence} ${trial.problem?.cure}`)
  })

  test('quotes what the upstream says of the request, without the key', async () => {
    const upstreams = await open()
    shop.answer = (_, res) => void res.writeHead(422).end('{"detail":"extra_forbidden for sk-a-secret"}')
    const { problem } = await upstreams.test('a', 'm1')
    expect(problem?.sentence).toBe('The upstream refuses the request: {"detail":"extra_forbidden for [key]"}')
  })

  test.each([
    ['a page', '<!doctype html><title>Sign in</title>'],
    ['an answer without usage', '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}'],
    ['an error in good clothes', '{"error":{"message":"overloaded"}}'],
  ])('that is answered with %s does not pass', async (_, body) => {
    const upstreams = await open()
    shop.answer = (_req, res) => void res.end(body)
    const { status: code, usage, problem } = await upstreams.test('a', 'm1')
    expect({ code, usage }).toEqual({ code: 200, usage: undefined })
    expect(problem?.sentence).toMatch(/not with a chat completion that tells its usage/)
  })

  test('that is not answered says why', async () => {
    const upstreams = await open({}, 60)
    shop.answer = () => undefined
    const silent = await upstreams.test('a', 'm1')
    expect(silent).toMatchObject({ status: 0, problem: { sentence: expect.stringMatching(/timeout/) } })
    const gone = await open({ url: 'http://127.0.0.1:9/v1' })
    expect(await gone.test('a', 'm1')).toMatchObject({
      status: 0,
      problem: {
        sentence: expect.stringMatching(/^No answer: unreachable/),
        cure: expect.stringMatching(/address/),
      },
    })
  })

  test('needs an upstream and a model', async () => {
    const upstreams = await open()
    await expect(upstreams.test('b')).rejects.toMatchObject({ code: 'upstream_unknown' })
    await expect(upstreams.test('a')).rejects.toMatchObject({
      code: 'upstream_without_models',
      message: expect.stringMatching(/--model/),
    })
  })
})
