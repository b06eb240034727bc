import { hash } from 'node:crypto'
import { DomainError } from '../lib/index.ts'
import { type Storage, tablesOf } from '../storage/index.ts'
import type { Offer } from './goods.ts'
import { readOffer, writeOffer } from './saved-offer.ts'

interface OfferTables {
  offer: { digest: string; json: string }
}

/**
 * Offers that calls have begun with, kept once each: a call's record names its offer by digest, so that its charge can be
 * explained and recomputed by the prices and the rate it began with.
 */
export class OfferBook {
  readonly #storage: Storage
  readonly #saved = new WeakSet<Offer>()
  readonly #digests = new WeakMap<Offer, string>()

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Names an offer by what it holds. */
  digestOf(offer: Offer): string {
    const known = this.#digests.get(offer)
    if (known !== undefined) return known
    const digest = hash('sha256', writeOffer(offer), 'base64url').slice(0, 22)
    this.#digests.set(offer, digest)
    return digest
  }

  /** Keeps an offer; nothing to wait for where it is kept already. */
  save(offer: Offer): Promise<void> | undefined {
    return this.#saved.has(offer) ? undefined : this.#insert(offer)
  }

  /** @throws DomainError `record_unreadable` */
  async get(digest: string): Promise<Offer> {
    const row = await this.#storage.read((tx) =>
      tablesOf<OfferTables>(tx)
        .selectFrom('offer')
        .select('json')
        .where('digest', '=', digest)
        .executeTakeFirst(),
    )
    if (!row)
      throw new DomainError('record_unreadable', 'The record of a call names an offer that was never kept.')
    return readOffer(JSON.parse(row.json))
  }

  async #insert(offer: Offer): Promise<void> {
    const row = { digest: this.digestOf(offer), json: writeOffer(offer) }
    await this.#storage.transact(async (tx) => {
      const conflict = tablesOf<OfferTables>(tx)
        .insertInto('offer')
        .values(row)
        .onConflict((on) => on.doNothing())
      await conflict.execute()
    })
    this.#saved.add(offer)
  }
}
