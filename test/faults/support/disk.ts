import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is, or behaves like, a disk of its own. */
interface Disk extends Disposable {
  readonly path: string
}

const mount = (options: string, path: string): void =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' })

/** Whether this user may mount a small file system in memory; only root may. */
export const canMount: boolean = tryMount()

function tryMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'farebox-mount-'))
  try {
    mount('size=64k', path)
    execFileSync('umount', [path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

/** A small disk, or one that cannot be written: where nothing can be mounted, a folder that this user may not write. */
export function openDisk({ kib = 64, isReadOnly = false }: { kib?: number; isReadOnly?: boolean }): Disk {
  const path = mkdtempSync(join(tmpdir(), 'farebox-disk-'))
  if (canMount) mount(isReadOnly ? 'size=64k,ro' : `size=${kib}k`, path)
  else chmodSync(path, 0o555)
  return {
    path,
    [Symbol.dispose]: () => {
      if (canMount) execFileSync('umount', [path], { stdio: 'ignore' })
      else chmodSync(path, 0o755)
      rmSync(path, { recursive: true, force: true })
    },
  }
}
