import { getTokenMetadata, hashToCurve, Wallet } from '@cashu/cashu-ts'
import { expect } from 'vitest'
import type { PlayMint } from '../../src/demo/index.ts'
import { trialBalance } from '../../src/ledger/index.ts'
import type { TestNode, TestReply } from './test-node.ts'

/** Every coin of an ecash, by the name that its mint knows it by. */
export function ysOf(ecash: string): string[] {
  const { incompleteProofs } = getTokenMetadata(ecash)
  return incompleteProofs.map(({ secret }) => hashToCurve(new TextEncoder().encode(secret)).toHex(true))
}

export function expectUntouched(mint: PlayMint, ...all: readonly string[]): void {
  const ys = all.flatMap(ysOf)
  expect(ys).not.toHaveLength(0)
  expect(mint.proofsUnspent(ys), 'the ecash is unspent at its mint').toBe(true)
}

/** The one error shape (`routstr-clients` §2.6, E1), with what is claimed of it. */
export function expectProblem(reply: TestReply, claim: { status: number; code: string }): string {
  const { status, headers, body } = reply
  const shown = JSON.stringify(body)
  expect(status, shown).toBe(claim.status)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  const error = Object(body['error'])
  expect(error, shown).toMatchObject({ code: claim.code, type: expect.any(String) })
  expect(error.message).toMatch(/\S/)
  expect(body['detail']).toMatchObject({ error })
  expect(headers.get('x-request-id')).toMatch(/^call_/)
  expect(body['request_id']).toBe(headers.get('x-request-id'))
  expect(headers.get('x-routstr-request-id')).toBe(headers.get('x-request-id'))
  return String(error.message)
}

/** Takes ecash as its receiver would, with another's wallet software. Gives its face value, in sats. */
export async function redeem(mint: PlayMint, ecash: string): Promise<number> {
  const wallet = new Wallet(mint.url, { unit: 'sat' })
  await wallet.loadMint()
  const face = wallet.decodeToken(ecash).proofs.reduce((sum, { amount }) => sum + amount.toNumber(), 0)
  const received = await wallet.receive(ecash)
  expect(received).not.toHaveLength(0)
  return face
}

export async function expectBalancedBooks(node: TestNode): Promise<void> {
  expect(await node.app.rooms.storage.read(trialBalance)).toMatchObject({
    sum: 0n,
    wrongAccounts: [],
    wrongHolds: 0,
  })
}

/** A chat completion of the play upstream, paid with these headers. */
export function chat(
  node: TestNode,
  headers: Record<string, string>,
  body: Record<string, unknown> = {},
): Promise<TestReply> {
  const messages = [{ role: 'user', content: 'Tell me of trains' }]
  return node.post('/v1/chat/completions', { model: 'gpt-4o-mini', messages, max_tokens: 50, ...body }, headers)
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

/** A wallet funded with this many sats: its `sk-` key. */
export async function fundedKey(node: TestNode, sats: number): Promise<string> {
  const reply = await node.post('/v1/wallet/create', { cashu_token: await node.mint.mintEcash(sats) })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return String(reply.body['api_key'])
}
