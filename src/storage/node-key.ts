import { hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DomainError, newId } from '../lib/index.ts'
import type { Storage } from './storage.ts'
import { type Tx, tablesOf } from './tx.ts'
import { Vault } from './vault.ts'

/** A root key and the node it belongs to (undefined where an operator gave bare key bytes). */
export interface NodeKey {
  readonly nodeId: string | undefined
  readonly root: Buffer
}

export interface NodeSecrets {
  readonly nodeId: string
  readonly vault: Vault
  /** Makes the `sk-` keys. A sealed row of its own, so that keys survive a change of the root key. */
  readonly walletKey: Buffer
}

interface SecretTables {
  node: { id: string; canary: string; created_at: number | bigint }
  secret: { name: string; sealed: string }
}

const CANARY_PLACE = { table: 'node', column: 'canary', row: 'node' }
const WALLET_KEY_PLACE = { table: 'secret', column: 'sealed', row: 'wallet-key' }

/**
 * Opens the node's secrets. The root key is `given` (`fbk1.<nodeId>.<base64url>` or 32 bytes as hex or base64), else the
 * file `secret.key` in the data directory, made with mode 0600 when the database is new.
 * @throws DomainError `node_key_invalid`, `node_key_missing`, `node_key_foreign`, `database_missing`
 */
export async function openNodeKey(
  storage: Storage,
  options: { dataDir: string; given: readonly string[] },
): Promise<NodeSecrets> {
  const node = await storage.read((tx) =>
    tablesOf<SecretTables>(tx).selectFrom('node').selectAll().executeTakeFirst(),
  )
  const file = options.given.length > 0 ? undefined : keyFile(options.dataDir, node !== undefined)
  const keys = file ? [file.key] : options.given.map(readKey)
  const claimed = keys.find((key) => key.nodeId !== undefined)?.nodeId
  if (node && claimed && claimed !== node.id) throw foreign()
  const vault = new Vault(keys.map(({ root }) => root))
  if (node) checkCanary(vault, node.canary)
  const nodeId = node?.id ?? claimed ?? newId('node')
  const secrets = await storage.transact((tx) => ensureSecrets(tx, { nodeId, vault, isNew: !node }))
  file?.confirm()
  return secrets
}

async function ensureSecrets(
  tx: Tx,
  { nodeId, vault, isNew }: { nodeId: string; vault: Vault; isNew: boolean },
): Promise<NodeSecrets> {
  const tables = tablesOf<SecretTables>(tx)
  if (!isNew) {
    const row = await tables
      .selectFrom('secret')
      .selectAll()
      .where('name', '=', 'wallet-key')
      .executeTakeFirstOrThrow()
    return { nodeId, vault, walletKey: vault.open(WALLET_KEY_PLACE, row.sealed) }
  }
  const walletKey = randomBytes(32)
  const canary = vault.seal(CANARY_PLACE, 'farebox')
  await tables.insertInto('node').values({ id: nodeId, canary, created_at: Date.now() }).execute()
  const sealed = vault.seal(WALLET_KEY_PLACE, walletKey)
  await tables.insertInto('secret').values({ name: 'wallet-key', sealed }).execute()
  return { nodeId, vault, walletKey }
}

/**
 * The key of a new node is first written as `secret.key.new` and renamed once the database knows it, so that a crash in
 * between leaves a start that can be repeated, while a key without its database is still noticed.
 */
function keyFile(dataDir: string, isKnownNode: boolean): { key: NodeKey; confirm: () => void } {
  const path = join(dataDir, 'secret.key')
  const fresh = `${path}.new`
  const confirm = (): void => {
    if (existsSync(fresh)) renameSync(fresh, path)
  }
  if (existsSync(path)) {
    if (!isKnownNode) throw databaseMissing(dataDir)
    return { key: readKey(readFileSync(path, 'utf8')), confirm: () => undefined }
  }
  if (isKnownNode && existsSync(fresh)) return { key: readKey(readFileSync(fresh, 'utf8')), confirm }
  if (isKnownNode) {
    throw new DomainError(
      'node_key_missing',
      `The database in ${dataDir} has no key beside it. Put its secret.key back, or give it as FAREBOX_SECRET_KEY.`,
    )
  }
  const text = `fbk1.${newId('node')}.${randomBytes(32).toString('base64url')}\n`
  writeFileSync(fresh, text, { mode: 0o600, flush: true })
  return { key: readKey(text), confirm }
}

function readKey(text: string): NodeKey {
  const trimmed = text.trim()
  const [version, nodeId, encoded] = trimmed.split('.')
  if (version === 'fbk1' && nodeId && encoded)
    return { nodeId, root: rootKey(Buffer.from(encoded, 'base64url')) }
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(trimmed, 'base64')
  return { nodeId: undefined, root: rootKey(bytes) }
}

function rootKey(bytes: Buffer): Buffer {
  if (bytes.length !== 32) {
    throw new DomainError(
      'node_key_invalid',
      'FAREBOX_SECRET_KEY is not a key. Write 32 random bytes as 64 hex digits.',
    )
  }
  return Buffer.from(hkdfSync('sha256', bytes, '', 'farebox root', 32))
}

function checkCanary(vault: Vault, canary: string): void {
  try {
    vault.open(CANARY_PLACE, canary)
  } catch {
    throw foreign()
  }
}

function foreign(): DomainError {
  return new DomainError(
    'node_key_foreign',
    'The key belongs to another database. Give the secret.key (or FAREBOX_SECRET_KEY) that was made with this one.',
  )
}

function databaseMissing(dataDir: string): DomainError {
  return new DomainError(
    'database_missing',
    `${dataDir} has a secret.key but no database. Restore farebox.db beside it, or move the key away to start a new node.`,
  )
}
