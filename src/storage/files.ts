import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Puts a finished file in the place of another so that a crash leaves the one or the other, whole. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to)
  syncPath(dirname(to))
}

/** Writes a file of mode 0600 in the place of another: either is there, whole, whatever happens. */
export function replaceFile(path: string, text: string): void {
  const next = `${path}.next`
  // A rest of an earlier attempt would keep the mode that it has.
  rmSync(next, { force: true })
  writeFileSync(next, text, { mode: 0o600, flush: true })
  renameDurably(next, path)
}

/** Has what was written to a file, or to the list of files of a directory, reach the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
