import { randomBytes } from 'node:crypto'

/** An id that says what it names: `call_0192…`. */
export type Id<Kind extends string> = `${Kind}_${string}`

/** A new id: the kind, an underscore and a UUIDv7 (RFC 9562 §5.7), so ids sort by the time they were made. */
export function newId<Kind extends string>(kind: Kind, nowMs: number = Date.now()): Id<Kind> {
  return `${kind}_${uuid7(nowMs)}`
}

function uuid7(nowMs: number): string {
  const bytes = pooledRandom()
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const POOL_BYTES = 4096
let pool = Buffer.alloc(0)

/** Sixteen random bytes; a system call serves many ids. */
function pooledRandom(): Buffer {
  if (pool.length < 16) pool = randomBytes(POOL_BYTES)
  const bytes = pool.subarray(0, 16)
  pool = pool.subarray(16)
  return bytes
}
