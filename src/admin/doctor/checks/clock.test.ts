import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../../demo/index.ts'
import { clockCheck, judgeClock } from './clock.ts'

const S = 1000

describe('the clock', () => {
  test.each([
    [[0], 'ok'],
    [[4.9 * S, -4.9 * S], 'ok'],
    [[5 * S], 'warning'],
    [[-59 * S], 'warning'],
    [[60 * S], 'failed'],
    [[-3600 * S, -3600 * S, 0], 'failed'],
    [[0, 0, 3600 * S], 'ok'],
    [[-3600 * S, 0], 'ok'],
    [[], 'warning'],
  ] as const)('that is ahead of servers by %j ms is %s', (aheads, state) => {
    expect(judgeClock(aheads)).toMatchObject({ state })
  })

  test('says which way it is wrong, and what to do', () => {
    expect(judgeClock([-90 * S, -90 * S])).toMatchObject({
      found: 'It is 90 s behind 2 servers',
      cure: expect.stringContaining('timedatectl'),
    })
  })

  describe('compared with a real server', () => {
    let mint: PlayMint
    beforeAll(async () => {
      mint = await startPlayMint()
    })
    afterAll(() => mint.close())

    test.each([
      [0, 'ok'],
      [30 * S, 'warning'],
      [-600 * S, 'failed'],
    ])('and set wrong by %i ms is %s', async (wrong, state) => {
      const clock = { now: () => Date.now() + wrong }
      const urls = [`${mint.url}/v1/info`, 'http://127.0.0.1:1/nobody']
      expect(await clockCheck({ clock, urls }).look()).toMatchObject({ state })
    })
  })
})
