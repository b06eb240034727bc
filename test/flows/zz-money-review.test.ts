import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PlayMint, startPlayMint } from '../../src/demo/index.ts'
import { bearer, chat, faultsInBooks, fundedKey, problemIn, redeem, until, untilKnown } from '../support/money-claims.ts'
import { startTestNode, type TestNode, type TestReply } from '../support/test-node.ts'
import { sleep } from '../../src/lib/index.ts'

let node: TestNode
let second: PlayMint
beforeAll(async () => {
  second = await startPlayMint({ feePpk: 100 })
  node = await startTestNode({ moreMints: [second.url] })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await second.close()
})
const withdraw = (key: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<TestReply> =>
  node.post('/v1/wallet/withdraw', body, { ...bearer(key), ...headers })
const refund = (key: string): Promise<TestReply> => node.post('/v1/wallet/refund', '', bearer(key))
const dropSwaps = (mint: PlayMint) => mint.faults.setFaults((path) => (path === '/v1/keysets' ? undefined : 'drop_after'))
const brief = ({ status, body }: TestReply) => JSON.stringify({ status, code: Object(body['error']).code, msg: Object(body['error']).message, amount: body['amount'], sats: body['sats'], mint: body['mint'], tok: String(body['cashu_token'] ?? body['token'] ?? '').length })


const noOnes = async (helper: string, mint: string) => {
  for (let i = 0; i < 6; i += 1) {
    const before = node.mint.stats.swaps + second.stats.swaps
    void before
    const stock = await node.app.rooms.storage.read((tx: any) => (node.app.rooms.cashu as any) && tx.kysely.selectFrom('proof').select(['amount_sat']).where('mint','=',mint).where('state','=','ready').where('amount_sat','=',1).execute())
    if (stock.length === 0) return
    const r = await withdraw(helper, { amount: 1, mint })
    if (r.status !== 200) console.log(brief(r))
  }
}
test('E1 keyed withdraw pending then retry', async () => {
  const helper = await fundedKey(node, 50)
  const key = await fundedKey(node, 100)
  await noOnes(helper, node.mint.url)
  dropSwaps(node.mint)
  console.log('E1 first', brief(await withdraw(key, { amount: 71 }, { 'idempotency-key': 'e1' })))
  console.log('E1 again', brief(await withdraw(key, { amount: 71 }, { 'idempotency-key': 'e1' })))
  node.mint.faults.clear()
  await sleep(1500)
  console.log('E1 later', brief(await withdraw(key, { amount: 71 }, { 'idempotency-key': 'e1' })))
})
test('E6 refund pending, two mints', async () => {
  const key = await fundedKey(node, 41)
  const helper = await fundedKey(node, 64)
  for (const h of [helper, key]) console.log((await node.post('/v1/wallet/topup', { cashu_token: await second.mintEcash(h===key?61:64) }, bearer(h))).status)
  await noOnes(helper, node.mint.url)
  await noOnes(helper, second.url)
  await withdraw(key, { amount: 1, mint: second.url }).then((r)=>console.log(brief(r)))
  await noOnes(helper, second.url)
  dropSwaps(second)
  dropSwaps(node.mint)
  console.log('E6 one', brief(await refund(key)))
  second.faults.clear()
  node.mint.faults.clear()
  await sleep(2500)
  for (let i = 0; i < 4; i += 1) { const r = await refund(key); console.log('E6', brief(r)) }
  console.log(await node.get('/v1/wallet/info', key))
})
