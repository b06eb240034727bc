import { createHmac, hash } from 'node:crypto'

/** The `sk-` key of a wallet: made from the node's wallet key, so that it can be shown again; only its hash is stored. */
export function deriveKey(walletKey: Buffer, wallet: { id: string; version: number }): string {
  return `sk-${mac(walletKey, `key\n${wallet.id}\n${wallet.version}`)}`
}

/** The key that manages a wallet, where its owner did not bring one of his own. */
export function deriveAdminKey(walletKey: Buffer, walletId: string): string {
  return `radmin_${mac(walletKey, `admin\n${walletId}`)}`
}

/** What is stored of a key. Keys are 256 random bits, so a plain hash is enough. */
export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

function mac(walletKey: Buffer, text: string): string {
  return createHmac('sha256', walletKey).update(text).digest('hex')
}
