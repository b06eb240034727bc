import { describe, expect, test } from 'vitest'
import type { DoctorUpstream, UpstreamTrial } from '../rooms.ts'
import { judgeTrial, upstreamChecks } from './upstreams.ts'

const trial: UpstreamTrial = {
  model: 'gpt-4o-mini',
  status: 200,
  ms: 432.1,
  problem: undefined,
  picoUsd: 1_950_000n,
}
const upstream: DoctorUpstream = {
  id: 'east-1',
  url: 'https://ai.example/v1',
  isEnabled: true,
  test: async () => trial,
}
const broken: DoctorUpstream = {
  ...upstream,
  test: () => Promise.reject(new Error('It cannot be reached: ECONNREFUSED')),
}

describe('an upstream', () => {
  test('that answers says what a token cost', async () => {
    const [check] = upstreamChecks([upstream])
    expect(check?.name).toBe('upstream east-1')
    expect(await check?.look()).toEqual({
      state: 'ok',
      found: 'One token of gpt-4o-mini came after 432 ms and cost $0.00000195',
    })
  })

  test('without a price is worth a warning', () => {
    expect(judgeTrial({ ...trial, picoUsd: undefined })).toMatchObject({
      state: 'warning',
      cure: expect.stringContaining('gpt-4o-mini'),
    })
  })

  const problem = { sentence: 'The upstream refuses the key.', cure: 'Check the key in its console.' }

  test.each([
    [401, 'failed'],
    [undefined, 'failed'],
    [200, 'warning'],
  ] as const)(
    'that answers %s with a problem is %s, and its cure is that of the problem',
    (status, state) => {
      expect(judgeTrial({ ...trial, status, problem, picoUsd: undefined })).toEqual({
        state,
        found: 'gpt-4o-mini: The upstream refuses the key.',
        cure: 'Check the key in its console.',
      })
    },
  )

  test('that cannot be called has failed', async () => {
    const [check] = upstreamChecks([broken])
    expect(await check?.look()).toMatchObject({
      state: 'failed',
      found: 'It cannot be reached: ECONNREFUSED',
      cure: expect.stringContaining('https://ai.example/v1'),
    })
  })

  test('that is disabled is not called', async () => {
    const [check] = upstreamChecks([{ ...broken, isEnabled: false }])
    expect(await check?.look()).toMatchObject({ state: 'ok' })
  })

  test('that is not set has failed', async () => {
    expect(await upstreamChecks([])[0]?.look()).toMatchObject({
      state: 'failed',
      cure: expect.stringContaining('farebox upstreams add'),
    })
  })
})
