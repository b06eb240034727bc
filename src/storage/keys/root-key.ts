import { hkdfSync, randomBytes } from 'node:crypto'
import { DomainError } from '../../lib/index.ts'

/** A root key and the node it belongs to (undefined where an operator gave bare key bytes). */
export interface RootKey {
  /** As it is written in `secret.key` or in the environment. */
  readonly text: string
  readonly nodeId: string | undefined
  readonly root: Buffer
}

const KEY_BYTES = 32

/**
 * Reads root keys, the one that seals first, each `fbk1.<nodeId>.<base64url>` or 32 bytes as hex or base64; between them
 * stand line ends, spaces or commas.
 * @throws DomainError `node_key_invalid`, which names `source` and never the key
 */
export function readRootKeys(source: string, text: string): RootKey[] {
  const keys = text.split(/[\s,]+/).filter((word) => word !== '')
  if (keys.length === 0) throw invalid(source, 'is empty')
  return keys.map((word) => readRootKey(source, word))
}

export function makeRootKey(nodeId: string): RootKey {
  return readRootKey('', `fbk1.${nodeId}.${randomBytes(KEY_BYTES).toString('base64url')}`)
}

function readRootKey(source: string, text: string): RootKey {
  const [version, nodeId, encoded] = text.split('.')
  if (version === 'fbk1' && nodeId && encoded)
    return { text, nodeId, root: rootOf(source, Buffer.from(encoded, 'base64url')) }
  const isHex = /^[0-9a-fA-F]{64}$/.test(text)
  return { text, nodeId: undefined, root: rootOf(source, Buffer.from(text, isHex ? 'hex' : 'base64')) }
}

function rootOf(source: string, bytes: Buffer): Buffer {
  if (bytes.length !== KEY_BYTES) throw invalid(source, 'is not a key')
  return Buffer.from(hkdfSync('sha256', bytes, '', 'farebox root', KEY_BYTES))
}

function invalid(source: string, what: string): DomainError {
  return new DomainError(
    'node_key_invalid',
    `${source} ${what}. Write 32 random bytes as 64 hex digits, or the text of a secret.key.`,
  )
}
