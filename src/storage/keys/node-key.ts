import { randomBytes } from 'node:crypto'
import { DomainError, newId } from '../../lib/index.ts'
import type { Storage } from '../storage.ts'
import { type Tx, tablesOf } from '../tx.ts'
import { Vault } from '../vault.ts'
import { type KeyRing, ringFromFile, ringFromText } from './key-ring.ts'

export interface NodeSecrets {
  readonly nodeId: string
  readonly vault: Vault
  /** Makes the `sk-` keys. A sealed row of its own, so that keys survive a change of the root key. */
  readonly walletKey: Buffer
  /** Where the root keys come from. */
  readonly keyRing: KeyRing
}

interface SecretTables {
  node: { id: string; canary: string; created_at: number | bigint }
  secret: { name: string; sealed: string }
}

const CANARY_PLACE = { table: 'node', column: 'canary', row: 'node' }
const WALLET_KEY_PLACE = { table: 'secret', column: 'sealed', row: 'wallet-key' }

/**
 * Opens the node's secrets. The root keys are `given` (see `readRootKeys`), else those in the file `secret.key` in the
 * data directory, made with mode 0600 when the database is new. The first one seals, the others open what they sealed.
 * @throws DomainError `node_key_invalid`, `node_key_unreadable`, `node_key_missing`, `node_key_foreign`, `database_missing`
 */
export async function openNodeKey(
  storage: Storage,
  options: { dataDir: string; given: readonly string[] },
): Promise<NodeSecrets> {
  const node = await storage.read((tx) =>
    tablesOf<SecretTables>(tx).selectFrom('node').selectAll().executeTakeFirst(),
  )
  const { dataDir, given } = options
  const keyRing = given.length > 0 ? ringFromText(given) : ringFromFile(dataDir, node !== undefined)
  const claims = new Set(keyRing.keys.flatMap((key) => key.nodeId ?? []))
  const [claimed] = claims
  if (claims.size > 1 || (node && claimed !== undefined && claimed !== node.id)) throw foreign()
  const vault = new Vault(keyRing.keys.map(({ root }) => root))
  if (node) checkCanary(vault, node.canary)
  const nodeId = node?.id ?? claimed ?? newId('node')
  const walletKey = await storage.transact((tx) => ensureSecrets(tx, { nodeId, vault, isNew: !node }))
  keyRing.confirm()
  return { nodeId, vault, walletKey, keyRing }
}

/** @returns the key that makes the `sk-` keys */
async function ensureSecrets(
  tx: Tx,
  { nodeId, vault, isNew }: { nodeId: string; vault: Vault; isNew: boolean },
): Promise<Buffer> {
  const tables = tablesOf<SecretTables>(tx)
  if (!isNew) {
    const row = await tables
      .selectFrom('secret')
      .selectAll()
      .where('name', '=', 'wallet-key')
      .executeTakeFirstOrThrow()
    return vault.open(WALLET_KEY_PLACE, row.sealed)
  }
  const walletKey = randomBytes(32)
  const canary = vault.seal(CANARY_PLACE, 'farebox')
  await tables.insertInto('node').values({ id: nodeId, canary, created_at: Date.now() }).execute()
  const sealed = vault.seal(WALLET_KEY_PLACE, walletKey)
  await tables.insertInto('secret').values({ name: 'wallet-key', sealed }).execute()
  return walletKey
}

function checkCanary(vault: Vault, canary: string): void {
  try {
    vault.open(CANARY_PLACE, canary)
  } catch {
    throw foreign()
  }
}

export function foreign(): DomainError {
  return new DomainError(
    'node_key_foreign',
    'The key belongs to another database. Give the secret.key (or FAREBOX_SECRET_KEY) that was made with this one.',
  )
}
