import { basename } from 'node:path'
import { DomainError, failpoint } from '../../lib/index.ts'
import type { Storage } from '../storage.ts'
import { foreign, type NodeSecrets } from './node-key.ts'
import { resealAll } from './reseal.ts'
import { makeRootKey, readRootKeys, type RootKey } from './root-key.ts'

export interface KeyRotation {
  /** Whether the old key is needed no more. */
  readonly isComplete: boolean
  /** How many values were sealed anew. */
  readonly resealed: number
  /** What the operator has to do now, in the order to do it, a sentence each. */
  readonly next: readonly string[]
  /** A new root key that the operator has to keep himself, where the keys come from the environment. Secret. */
  readonly newKey?: string
}

const running = new WeakSet<NodeSecrets>()

/**
 * Changes the root key while the node serves: the new one is on disk, first of the file's list, before anything is
 * sealed with it; then everything is sealed anew; then the old one leaves the file. After a crash the same call finishes
 * what was begun. Where the keys come from the environment the operator does the writing: the first call gives him a
 * new key, and the call after his restart with both seals everything with the first of them.
 * @param given the new key, where the operator wants one of his own
 * @throws DomainError `key_rotation_running`, `node_key_invalid`, `node_key_foreign`, `storage_failed`
 */
export async function rotateKey(
  storage: Storage,
  secrets: NodeSecrets,
  given?: string,
): Promise<KeyRotation> {
  if (running.has(secrets)) {
    throw new DomainError(
      'key_rotation_running',
      'The root key is being changed already. Wait until that is done.',
    )
  }
  running.add(secrets)
  try {
    return await (secrets.keyRing.isFile ? rotateFile : rotateEnvironment)(storage, secrets, given)
  } finally {
    running.delete(secrets)
  }
}

/**
 * Finishes a rotation that a crash broke off; for a start, beside serving. Does nothing where there was none.
 * @returns undefined where nothing was to do
 */
export async function resumeRotation(
  storage: Storage,
  secrets: NodeSecrets,
): Promise<KeyRotation | undefined> {
  const { isFile, keys } = secrets.keyRing
  return isFile && keys.length > 1 ? rotateKey(storage, secrets) : undefined
}

async function rotateFile(storage: Storage, secrets: NodeSecrets, given?: string): Promise<KeyRotation> {
  const { keyRing, vault } = secrets
  if (given !== undefined || keyRing.keys.length === 1) {
    const fresh = newKey(secrets, given)
    keyRing.keep([fresh, ...keyRing.keys.filter(({ root }) => !root.equals(fresh.root))])
    failpoint('rotation.written')
    vault.sealWith(fresh.root)
  }
  const resealed = await resealAll(storage, vault)
  failpoint('rotation.finished')
  keyRing.keep(keyRing.keys.slice(0, 1))
  failpoint('rotation.dropped')
  vault.forgetOthers()
  return { isComplete: true, resealed, next: adviceOnCopies(storage) }
}

async function rotateEnvironment(
  storage: Storage,
  secrets: NodeSecrets,
  given?: string,
): Promise<KeyRotation> {
  const { keyRing, vault } = secrets
  if (keyRing.keys.length === 1) {
    const { text } = newKey(secrets, given)
    const next = [
      'Put the new key before the present one in FAREBOX_SECRET_KEY (a comma between them) or on a line of its own in the file that FAREBOX_SECRET_KEY_FILE names, and restart the node.',
      'Then rotate again: it seals everything with the new key.',
    ]
    return { isComplete: false, resealed: 0, next, newKey: text }
  }
  const resealed = await resealAll(storage, vault)
  const drop = 'Take all keys but the first out of FAREBOX_SECRET_KEY; they open nothing any more.'
  return { isComplete: true, resealed, next: [drop, ...adviceOnCopies(storage)] }
}

function newKey({ nodeId }: NodeSecrets, given: string | undefined): RootKey {
  if (given === undefined) return makeRootKey(nodeId)
  const [key, ...more] = readRootKeys('The new key', given)
  if (!key || more.length > 0) throw new DomainError('node_key_invalid', 'The new key is more than one key.')
  if (key.nodeId !== undefined && key.nodeId !== nodeId) throw foreign()
  return key
}

/** Copies that were made before an upgrade are sealed with the old key. */
function adviceOnCopies(storage: Storage): string[] {
  const copies = storage.copies().map((file) => basename(file))
  if (copies.length === 0) return []
  return [
    `${copies.join(' and ')} and older backups open with the old key only: keep it apart as long as you keep them.`,
  ]
}
