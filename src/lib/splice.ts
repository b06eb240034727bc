/** Puts `text` where the bytes `from` (inclusive) to `to` (exclusive) were. */
export interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The bytes with edits made: in order of place, none overlapping. Without edits the same buffer comes back. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes
  let size = bytes.length
  for (const edit of edits) size += Buffer.byteLength(edit.text) - (edit.to - edit.from)
  const out = Buffer.allocUnsafe(size)
  let read = 0
  let write = 0
  for (const { from, to, text } of edits) {
    write += bytes.copy(out, write, read, from)
    write += out.write(text, write)
    read = to
  }
  bytes.copy(out, write, read)
  return out
}
