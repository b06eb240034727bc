import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** Where a running node takes commands, and what lets somebody in. */
export interface Control {
  /** Of the private listener, as `http://127.0.0.1:8081`. */
  readonly url: string
  readonly token: string
}

const FILE = 'control.json'
const contents = z.object({ url: z.url({ protocol: /^http$/ }), token: z.string().min(16) })

/**
 * `control.json` in the data directory: whoever can read it can command the node, as he could read its money beside it.
 * It is there while a node runs; one that was killed leaves it behind, with an address that nobody answers at.
 */
export class ControlFile {
  /** New for each run. */
  readonly token: string = randomBytes(32).toString('base64url')
  readonly #path: string

  constructor(dataDir: string) {
    this.#path = join(dataDir, FILE)
  }

  /** `address` is where the private listener listens; one that means every address is reached at this machine's own. */
  write(address: string): void {
    const url = address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
    const draft = `${this.#path}.new`
    rmSync(draft, { force: true })
    writeFileSync(draft, `${JSON.stringify({ url, token: this.token })}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(draft, this.#path)
  }

  remove(): void {
    rmSync(this.#path, { force: true })
  }
}

/** What a running node wrote, or one that was killed; undefined where there is no such file, or it says nothing usable. */
export function readControl(dataDir: string): Control | undefined {
  try {
    return contents.parse(JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')))
  } catch {
    return undefined
  }
}
