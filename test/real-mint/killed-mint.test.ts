import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trialBalance } from '../../src/ledger/index.ts'
import { startTestNode, type TestNode } from '../support/test-node.ts'
import { type Door, type KillPoint, openDoor } from './door.ts'
import { type Nutshell, startNutshell } from './nutshell.ts'
import { Purse } from './purse.ts'

let mint: Nutshell
let door: Door
let node: TestNode
let purse: Purse
beforeAll(async () => {
  mint = await startNutshell()
  door = await openDoor(mint.url, () => mint.kill())
  node = await startTestNode({ app: { mints: [door.url], mintTimeoutMs: 5000, mintWaitMs: 2000 } })
  purse = await Purse.open(door.url)
}, 10 * 60_000)
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await door[Symbol.asyncDispose]()
  await mint[Symbol.asyncDispose]()
})

const points: readonly KillPoint[] = [
  'before the swap reached it',
  'while it was swapping',
  'after it had signed',
]

describe('a mint that is killed in the middle of a receive', () => {
  test.each(points)(
    '%s: the caller is told to come back, and is credited once',
    async (point) => {
      const { ecash, proofs } = await purse.mint(250)
      const swapsBefore = door.swaps
      door.killAt(point)
      const first = await node.post('/v1/wallet/create', { cashu_token: ecash })
      expect(door.swaps).toBeGreaterThan(swapsBefore)
      expect(first.status).toBe(503)
      expect(first.headers.get('retry-after')).toMatch(/^\d+$/)

      await mint.start()
      const answers = await untilCredited(ecash)
      expect(answers.filter((status) => status !== 503)).toEqual([200])
      const again = await node.post('/v1/wallet/create', { cashu_token: ecash })
      expect(again.body).toMatchObject({ balance: 250 - Math.ceil(proofs / 10) })

      await node.app.rooms.storage.read(async (tx) => {
        expect(await node.app.rooms.cashu.books(tx)).toMatchObject({ isBalanced: true, running: 0 })
        expect(await trialBalance(tx)).toMatchObject({ sum: 0n, wrongAccounts: [] })
      })
      expect(await node.app.rooms.cashu.statesAtMint(door.url)).toMatchObject({ spent: 0, pending: 0 })
    },
    90_000,
  )
})

/** Sends the same request until it is no longer in doubt; gives the statuses it met. */
async function untilCredited(ecash: string): Promise<number[]> {
  const statuses: number[] = []
  for (let tries = 0; tries < 60 && statuses.at(-1) !== 200; tries += 1) {
    const { status } = await node.post('/v1/wallet/create', { cashu_token: ecash })
    statuses.push(status)
    if (status !== 503) break
    await new Promise((resolve) => {
      setTimeout(resolve, 250)
    })
  }
  return statuses
}
