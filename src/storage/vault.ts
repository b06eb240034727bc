import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { DomainError } from '../lib/index.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Where a sealed value stands; bound into it, so that it cannot be moved to another row. */
export interface Place {
  readonly table: string
  readonly column: string
  readonly row: string
}

/**
 * Seals what is money or secret before it is stored: AES-256-GCM as `fb1.<keyId>.<nonce>.<data>`, with table, column and
 * row as associated data. Subkeys come from a root key by HKDF; several root keys may be known, one of them seals.
 */
export class Vault {
  readonly #keys: Map<string, Buffer>
  #sealingId: string

  constructor(rootKeys: readonly Buffer[]) {
    const entries = rootKeys.map(subkey)
    const sealing = entries[0]
    if (!sealing) throw new Error('a vault needs a root key')
    this.#keys = new Map(entries)
    this.#sealingId = sealing[0]
  }

  /** Seals with this root key from now on; what the others sealed can still be opened. */
  sealWith(root: Buffer): void {
    const [id, key] = subkey(root)
    this.#keys.set(id, key)
    this.#sealingId = id
  }

  /** Forgets every key but the one that seals. */
  forgetOthers(): void {
    for (const id of this.#keys.keys()) if (id !== this.#sealingId) this.#keys.delete(id)
  }

  /** Whether the key that seals now has sealed this. */
  isCurrent(sealed: string): boolean {
    return sealed.startsWith(`fb1.${this.#sealingId}.`)
  }

  seal(place: Place, plain: string | Buffer): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.#sealingId), nonce)
    cipher.setAAD(aad(place))
    const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    return `fb1.${this.#sealingId}.${nonce.toString('base64url')}.${data.toString('base64url')}`
  }

  /** @throws DomainError `sealed_value_unreadable` when the key is missing or the value was moved or altered */
  open(place: Place, sealed: string): Buffer {
    const [version, keyId = '', nonce = '', data = ''] = sealed.split('.')
    if (version !== 'fb1') throw unreadable(place)
    const bytes = Buffer.from(data, 'base64url')
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key(keyId), Buffer.from(nonce, 'base64url'), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(aad(place))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw unreadable(place, cause)
    }
  }

  openText(place: Place, sealed: string): string {
    return this.open(place, sealed).toString('utf8')
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id)
    if (!key) throw new Error('unknown key')
    return key
  }
}

/** The id under which a root key's subkey is found again, and the subkey. */
function subkey(root: Buffer): [id: string, key: Buffer] {
  return [derive(root, 'farebox key id', 4).toString('hex'), derive(root, 'farebox at rest', 32)]
}

function derive(root: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', root, '', purpose, bytes))
}

function aad({ table, column, row }: Place): Buffer {
  return Buffer.from(`${table}\n${column}\n${row}`)
}

function unreadable({ table, column }: Place, cause?: unknown): DomainError {
  return new DomainError(
    'sealed_value_unreadable',
    `A sealed value in ${table}.${column} cannot be opened with the keys this node has. Is FAREBOX_SECRET_KEY the one that made this database?`,
    { cause },
  )
}
