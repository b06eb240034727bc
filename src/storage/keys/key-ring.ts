import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DomainError, newId } from '../../lib/index.ts'
import { explainDisk } from '../disk-trouble.ts'
import { renameDurably, replaceFile, syncPath } from '../files.ts'
import { makeRootKey, readRootKeys, type RootKey } from './root-key.ts'

const VARIABLE = 'FAREBOX_SECRET_KEY'

/** The root keys of a node, the one that seals first, and where they are kept: in `secret.key`, or by the operator. */
export class KeyRing {
  /** Undefined where the keys came from the environment, which only the operator can change. */
  readonly #path: string | undefined
  #keys: readonly RootKey[]

  constructor(keys: readonly RootKey[], path?: string) {
    this.#keys = keys
    this.#path = path
  }

  get keys(): readonly RootKey[] {
    return this.#keys
  }

  get isFile(): boolean {
    return this.#path !== undefined
  }

  /** Keeps these keys from now on. On disk, and durably, when it returns; the old file or the new one is there, whole. */
  keep(keys: readonly RootKey[]): void {
    if (this.#path === undefined) throw new Error('keys of the environment are kept by the operator')
    // The file may be a link into another directory, which must go on being one.
    const path = existsSync(this.#path) ? realpathSync(this.#path) : this.#path
    try {
      replaceFile(path, textOf(keys))
    } catch (error) {
      throw explainDisk(error, dirname(path))
    }
    this.#keys = keys
  }

  /** The key of a new node gets its name once the database knows it. */
  confirm(): void {
    if (this.#path === undefined) return
    rmSync(`${this.#path}.next`, { force: true })
    if (existsSync(this.#path)) return
    renameDurably(`${this.#path}.new`, this.#path)
  }
}

export function ringFromText(texts: readonly string[]): KeyRing {
  return new KeyRing(readRootKeys(VARIABLE, texts.join(' ')))
}

/**
 * The key of a new node is first written as `secret.key.new` and renamed once the database knows it, so that a crash in
 * between leaves a start that can be repeated, while a key without its database is still noticed.
 */
export function ringFromFile(dataDir: string, isKnownNode: boolean): KeyRing {
  const path = join(dataDir, 'secret.key')
  const fresh = `${path}.new`
  if (existsSync(path)) {
    if (!isKnownNode) throw databaseMissing(dataDir)
    return new KeyRing(readRootKeys(path, readKeyFile(path)), path)
  }
  if (isKnownNode && existsSync(fresh)) return new KeyRing(readRootKeys(fresh, readKeyFile(fresh)), path)
  if (isKnownNode) {
    throw new DomainError(
      'node_key_missing',
      `The database in ${dataDir} has no key beside it. Put its secret.key back, or give it as ${VARIABLE}.`,
    )
  }
  const key = makeRootKey(newId('node'))
  try {
    rmSync(fresh, { force: true })
    writeFileSync(fresh, textOf([key]), { mode: 0o600, flush: true })
    syncPath(dataDir)
  } catch (error) {
    throw explainDisk(error, dataDir)
  }
  return new KeyRing([key], path)
}

function textOf(keys: readonly RootKey[]): string {
  return keys.map(({ text }) => `${text}\n`).join('')
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new DomainError(
      'node_key_unreadable',
      `${path} cannot be read. Make it a file that the user Farebox runs as can read, and nobody else (mode 0600).`,
      { cause },
    )
  }
}

function databaseMissing(dataDir: string): DomainError {
  return new DomainError(
    'database_missing',
    `${dataDir} has a secret.key but no database. Restore farebox.db beside it, or move the key away to start a new node.`,
  )
}
