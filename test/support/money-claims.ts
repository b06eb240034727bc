import { getDecodedTokenBinary, getTokenMetadata, hashToCurve, type Proof, Wallet } from '@cashu/cashu-ts'
import { expect } from 'vitest'
import type { PlayMint } from '../../src/demo/index.ts'
import { trialBalance } from '../../src/ledger/index.ts'
import { sleep } from '../../src/lib/index.ts'
import type { TestNode, TestReply } from './test-node.ts'

/** Every coin of an ecash, by the name that its mint knows it by. */
function ysOf(ecash: string): string[] {
  const { incompleteProofs } = getTokenMetadata(ecash)
  return incompleteProofs.map(({ secret }) => hashToCurve(new TextEncoder().encode(secret)).toHex(true))
}

/** Whether every coin of these is unspent at the mint. */
export function isUntouched(mint: PlayMint, ...all: readonly string[]): boolean {
  return mint.proofsUnspent(all.flatMap(ysOf))
}

/** What an error answer says, after a look at the one error shape (`routstr-clients` §2.6, E1). */
export function problemIn({ status, headers, body }: TestReply): {
  status: number
  code: unknown
  type: unknown
  message: unknown
  details: Record<string, unknown>
} {
  expect({ status, body }).toMatchObject({
    status: expect.any(Number),
    body: {
      error: { code: expect.any(String), type: expect.any(String), message: expect.stringMatching(/\S/) },
      detail: { error: body['error'] },
      request_id: headers.get('x-request-id'),
    },
  })
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect(headers.get('x-request-id')).toMatch(/^call_/)
  expect(headers.get('x-routstr-request-id')).toBe(headers.get('x-request-id'))
  const { code, type, message, details } = Object(body['error'])
  return { status, code, type, message, details: Object(details) }
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

/** What the trial balance of a node's books finds wrong; undefined when nothing is. */
export async function faultsInBooks(node: TestNode): Promise<unknown> {
  const found = await node.app.rooms.storage.read(trialBalance)
  const isBalanced = found.sum === 0n && found.wrongAccounts.length === 0 && found.wrongHolds === 0
  return isBalanced ? undefined : found
}

/** A chat completion of the play upstream, paid with these headers. */
export function chat(
  node: TestNode,
  headers: Record<string, string>,
  body: Record<string, unknown> = {},
): Promise<TestReply> {
  const messages = [{ role: 'user', content: 'Tell me of trains' }]
  return node.post(
    '/v1/chat/completions',
    { model: 'gpt-4o-mini', messages, max_tokens: 50, ...body },
    headers,
  )
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

/** The coins of a V4 ecash. */
export function proofsOf(ecash: string): Proof[] {
  const bytes = Buffer.from(ecash.slice('cashuB'.length), 'base64url')
  return getDecodedTokenBinary(Buffer.concat([Buffer.from('crawB'), bytes])).proofs
}

/** Waits, for two seconds at most, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i += 1) await sleep(10)
  expect(holds()).toBe(true)
}

/** Sends a request again as long as the answer is that it is not known yet. */
export async function untilKnown(send: () => Promise<TestReply>): Promise<TestReply> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const reply = await send()
    if (reply.status !== 503) return reply
    await sleep(100)
  }
  throw new Error('it never became known')
}
