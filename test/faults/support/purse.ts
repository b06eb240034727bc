import { getTokenMetadata, hashToCurve, Wallet } from '@cashu/cashu-ts'
import { expect } from 'vitest'
import type { PlayMint } from '../../../src/demo/index.ts'

/** Takes ecash as its receiver would, with another's wallet software. Gives its face value in sats. */
export async function redeem(mint: PlayMint, ecash: string): Promise<number> {
  const wallet = new Wallet(mint.url, { unit: 'sat' })
  await wallet.loadMint()
  const face = wallet.decodeToken(ecash).proofs.reduce((sum, { amount }) => sum + amount.toNumber(), 0)
  expect(await wallet.receive(ecash)).not.toHaveLength(0)
  return face
}

/** Whether every coin of an ecash is unspent at its mint. */
export function isUnspent(mint: PlayMint, ecash: string): boolean {
  const { incompleteProofs } = getTokenMetadata(ecash)
  expect(incompleteProofs).not.toHaveLength(0)
  const bytes = new TextEncoder()
  return mint.proofsUnspent(
    incompleteProofs.map(({ secret }) => hashToCurve(bytes.encode(secret)).toHex(true)),
  )
}

/** The secrets of the coins of an ecash. */
export function coinsOf(ecash: string): string[] {
  const secrets = getTokenMetadata(ecash).incompleteProofs.map(({ secret }) => secret)
  expect(secrets).not.toHaveLength(0)
  return secrets
}
