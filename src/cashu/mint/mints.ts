import type { Clock, Live } from '../../lib/index.ts'
import { sql, type Storage, tablesOf, type Tx } from '../../storage/index.ts'
import { normaliseMint } from '../ecash/read-ecash.ts'
import type { OnEvent } from '../room.ts'
import { listKeysets } from '../store/keyset-store.ts'
import type { CashuTables } from '../store/tables.ts'
import { MintKeysets } from './keysets.ts'
import { type Mint, openMintAccounts } from './mint.ts'
import { MintClient } from './mint-client.ts'

interface MintsOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** Addresses of the mints whose ecash is taken. */
  readonly list: Live<readonly string[]>
  readonly timeoutMs: number
  readonly onEvent: OnEvent
}

/**
 * The mints we deal with: those whose ecash is taken, and those whose ecash was. One that leaves the list stays open, because
 * coins, operations and promises of it are left; one that joins the list is taken once its accounts are open.
 */
export class Mints {
  readonly #options: MintsOptions
  readonly #open = new Map<string, Mint>()
  readonly #forget: () => void
  #accepted: readonly string[] = []
  #opening: Promise<void> = Promise.resolve()

  private constructor(options: MintsOptions) {
    this.#options = options
    this.#forget = options.list.onChange(() => this.#followList())
  }

  /** Opens them on what the database knows, and asks each for its keysets in the background. */
  static async open(options: MintsOptions): Promise<Mints> {
    const mints = new Mints(options)
    const left = await options.storage.read(listMints)
    await mints.#openAll([...mints.#listed(), ...left])
    mints.#accept()
    return mints
  }

  /** The mints whose ecash is taken, as they are compared. */
  get accepted(): readonly string[] {
    return this.#accepted
  }

  get all(): ReadonlyMap<string, Mint> {
    return this.#open
  }

  async close(): Promise<void> {
    this.#forget()
    await this.#opening
    await Promise.all([...this.#open.values()].map(({ client }) => client.close()))
  }

  #listed(): string[] {
    return [...new Set(this.#options.list.get().map(normaliseMint))]
  }

  /** What has left is not taken from this moment on; what is new follows. */
  #followList(): void {
    this.#accept()
    const opened = this.#opening.then(() => this.#openAll(this.#listed()))
    this.#opening = opened
      .then(() => this.#accept())
      .catch((error: unknown) => this.#options.onEvent('job_failed', { error }))
  }

  #accept(): void {
    this.#accepted = this.#listed().filter((url) => this.#open.has(url))
  }

  async #openAll(urls: readonly string[]): Promise<void> {
    const missing = [...new Set(urls)].filter((url) => !this.#open.has(url))
    if (missing.length === 0) return
    const { storage, clock, timeoutMs, onEvent } = this.#options
    const known = await storage.read(listKeysets)
    for (const url of missing) {
      const accounts = await storage.transact((tx) => openMintAccounts(tx, url))
      const client = new MintClient(url, timeoutMs)
      const ofMint = known.filter(({ mint }) => mint === url).map(({ keyset }) => keyset)
      const keysets = new MintKeysets({ mint: url, client, storage, clock, onEvent }, ofMint)
      this.#open.set(url, { url, client, keysets, accounts })
      void warmUp(keysets)
    }
  }
}

async function warmUp(keysets: MintKeysets): Promise<void> {
  // A mint that does not answer is asked again when somebody pays with its ecash.
  if (await keysets.refresh().catch(() => false)) await keysets.active().catch(() => undefined)
}

/** Mints that coins or unfinished operations are at, accepted or not. */
async function listMints(tx: Tx): Promise<string[]> {
  const found = await sql<{ mint: string }>`
    SELECT DISTINCT mint FROM proof WHERE state IN ('ready', 'reserved', 'issued')
    UNION SELECT mint FROM operation WHERE state = 'saved'`.execute(tablesOf<CashuTables>(tx))
  return found.rows.map(({ mint }) => mint)
}
