import { randomBytes } from 'node:crypto'

/** An id that says what it names: `call_0192…`. */
export type Id<Kind extends string> = `${Kind}_${string}`

/** A new id: the kind, an underscore and a UUIDv7 (RFC 9562 §5.7), so ids sort by the time they were made. */
export function newId<Kind extends string>(kind: Kind, nowMs: number = Date.now()): Id<Kind> {
  return `${kind}_${uuid7(nowMs)}`
}

/** Random bytes, sixteen for each id: a system call serves many. */
const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let place = 0

function uuid7(nowMs: number): string {
  if (place + 16 > pool.length) {
    pool = randomBytes(POOL_BYTES)
    place = 0
  }
  const at = place
  place += 16
  pool.writeUIntBE(nowMs, at, 6)
  pool[at + 6] = ((pool[at + 6] ?? 0) & 0x0f) | 0x70
  pool[at + 8] = ((pool[at + 8] ?? 0) & 0x3f) | 0x80
  const hex = pool.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
