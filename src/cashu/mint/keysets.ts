import { Keyset as MintKeyset } from '@cashu/cashu-ts'
import { type Clock, type LogLine, SingleFlight } from '../../lib/index.ts'
import type { Storage } from '../../storage/index.ts'
import { invalidEcash, keysetNotKnownYet, mintUnreachable, wrongUnit } from '../problems.ts'
import { type Keyset, readKeys, saveKeyset } from '../store/keyset-store.ts'
import type { MintClient } from './mint-client.ts'
import type { ListedKeyset } from './replies.ts'

/** An unknown id costs the mint a request; junk must not be able to cause more than this. */
const REFRESH_EVERY_MS = 10_000
const RETRY_EVERY_MS = 500
/** Outputs are not put on a keyset that expires within the day. */
const EXPIRY_MARGIN_S = 86_400
const UNIT = 'sat'

interface Options {
  readonly mint: string
  readonly client: MintClient
  readonly storage: Storage
  readonly clock: Clock
  readonly onEvent: LogLine
}

/** What is known of one mint's keysets: kept in the table for ever, refreshed when an id is unknown or a plan is refused. */
export class MintKeysets {
  readonly #options: Options
  readonly #known = new Map<string, Keyset>()
  readonly #flights = new SingleFlight<boolean>()
  #askedAt = -Infinity
  #isLastRefreshGood = false

  constructor(options: Options, known: readonly Keyset[]) {
    this.#options = options
    for (const keyset of known) this.#known.set(keyset.id, keyset)
  }

  /**
   * The keysets of these ids, whole or short, with their keys. Asks the mint at most once in ten seconds.
   * @throws DomainError `invalid_cashu_token`, `cashu_unit_not_supported`, `cashu_mint_unreachable`,
   *   `cashu_mint_rate_limited` where the mint was asked too short a time ago to say that it does not have one
   */
  async resolve(ids: readonly string[]): Promise<ReadonlyMap<string, Keyset>> {
    const wanted = [...new Set(ids)]
    if (wanted.some((id) => id.startsWith('02') && id.length !== 12))
      throw invalidEcash('its keyset is of a kind not known here')
    const isFresh = wanted.every((id) => this.#find(id)) || (await this.#refreshIfOld())
    const found = new Map<string, Keyset>()
    for (const id of wanted) {
      const keyset = this.#find(id)
      if (!keyset) throw this.#notKnown(isFresh)
      if (keyset.unit !== UNIT) throw wrongUnit(keyset.unit)
      found.set(id, await this.#withKeys(keyset))
    }
    return found
  }

  /** The keyset for new outputs: active, in sat, the cheapest. @throws DomainError `cashu_mint_unreachable` */
  async active(): Promise<Keyset> {
    if (!this.#cheapest()) await this.#refreshIfOld()
    const keyset = this.#cheapest()
    if (!keyset) throw this.#unreachable()
    return this.#withKeys(keyset)
  }

  /** Input fee of new coins in thousandths of a sat, as far as it is known now. */
  get activeFeePpk(): number {
    return this.#cheapest()?.feePpk ?? 0
  }

  get(id: string): Keyset | undefined {
    return this.#known.get(id)
  }

  /** Asks the mint what keysets it has now. False when it did not answer. */
  refresh(): Promise<boolean> {
    return this.#flights.run('', () => this.#refresh())
  }

  /** Whether the mint has answered just now. */
  #refreshIfOld(): Promise<boolean> {
    if (this.#options.clock.now() >= this.#mayAskAt) return this.refresh()
    // One that is under way already is worth waiting for, too.
    return this.#flights.run('', async () => false)
  }

  get #mayAskAt(): number {
    return this.#askedAt + (this.#isLastRefreshGood ? REFRESH_EVERY_MS : RETRY_EVERY_MS)
  }

  /** A mint may have made a keyset since it was asked, and whoever is told that his ecash is bad throws it away. */
  #notKnown(isFresh: boolean): Error {
    if (isFresh) return invalidEcash('its keyset is not one of the mint')
    if (!this.#isLastRefreshGood) return this.#unreachable()
    const { mint, clock } = this.#options
    return keysetNotKnownYet(mint, Math.max(1, Math.ceil((this.#mayAskAt - clock.now()) / 1000)))
  }

  async #refresh(): Promise<boolean> {
    this.#askedAt = this.#options.clock.now()
    const reply = await this.#options.client.keysets()
    this.#isLastRefreshGood = reply.kind === 'ok'
    if (reply.kind !== 'ok') return false
    await this.#save(reply.value.keysets.flatMap((listed) => this.#changed(listed) ?? []))
    return true
  }

  #changed(listed: ListedKeyset): Keyset | undefined {
    if (listed.id.startsWith('02')) return undefined
    const known = this.#known.get(listed.id)
    const fresh = {
      id: listed.id,
      unit: listed.unit,
      feePpk: listed.input_fee_ppk ?? 0,
      isActive: listed.active,
      finalExpiry: listed.final_expiry ?? undefined,
      keys: known?.keys ?? new Map<number, string>(),
    }
    if (!known) return fresh
    if (known.unit !== fresh.unit) {
      this.#options.onEvent('cashu_keyset_refused', { mint: this.#options.mint, keyset: listed.id })
      return undefined
    }
    return known.feePpk === fresh.feePpk && known.isActive === fresh.isActive ? undefined : fresh
  }

  async #withKeys(keyset: Keyset): Promise<Keyset> {
    if (keyset.keys.size > 0) return keyset
    const reply = await this.#options.client.keys(keyset.id)
    if (reply.kind !== 'ok') throw this.#unreachable()
    const keys = reply.value.keysets.find(({ id }) => id === keyset.id)?.keys ?? {}
    const isGenuine = MintKeyset.verifyKeysetId({
      id: keyset.id,
      unit: keyset.unit,
      active: keyset.isActive,
      input_fee_ppk: keyset.feePpk,
      ...(keyset.finalExpiry !== undefined && { final_expiry: keyset.finalExpiry }),
      keys,
    })
    if (!isGenuine) {
      this.#options.onEvent('cashu_keyset_refused', { mint: this.#options.mint, keyset: keyset.id })
      throw invalidEcash('the keys of its keyset do not belong to its id')
    }
    const complete = { ...keyset, keys: readKeys(keys) }
    await this.#save([complete])
    return complete
  }

  async #save(keysets: readonly Keyset[]): Promise<void> {
    if (keysets.length === 0) return
    await this.#options.storage.transact(async (tx) => {
      for (const keyset of keysets) await saveKeyset(tx, this.#options.mint, keyset)
    })
    for (const keyset of keysets) this.#known.set(keyset.id, keyset)
  }

  /** By the whole id, or by the first eight bytes of one of version 2. Undefined when two begin alike. */
  #find(id: string): Keyset | undefined {
    const exact = this.#known.get(id)
    if (exact || !/^01[0-9a-f]{14}$/.test(id)) return exact
    const matches = [...this.#known.values()].filter((keyset) => keyset.id.startsWith(id))
    return matches.length === 1 ? matches[0] : undefined
  }

  #cheapest(): Keyset | undefined {
    const horizon = this.#options.clock.now() / 1000 + EXPIRY_MARGIN_S
    return [...this.#known.values()]
      .filter(
        ({ isActive, unit, finalExpiry }) => isActive && unit === UNIT && (finalExpiry ?? Infinity) > horizon,
      )
      .toSorted((a, b) => a.feePpk - b.feePpk)[0]
  }

  #unreachable(): Error {
    return mintUnreachable(this.#options.mint)
  }
}

/** NUT-02: the fees of the inputs, rounded up once per swap. */
export function feeOfInputs(keysets: readonly Keyset[]): number {
  return Math.ceil(keysets.reduce((sum, { feePpk }) => sum + feePpk, 0) / 1000)
}
