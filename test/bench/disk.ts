import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

/** Milliseconds of `count` appends of 8 KB (what a small commit adds to a WAL), each followed by its fsync. */
export function fsyncTimes(directory: string, count: number): number[] {
  const path = join(directory, 'fsync.probe')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(8_192, 1)
  try {
    return Array.from({ length: count }, () => {
      const startedAt = performance.now()
      writeSync(file, block)
      fdatasyncSync(file)
      return performance.now() - startedAt
    })
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
