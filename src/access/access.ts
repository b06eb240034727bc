import { DomainError } from '../lib/index.ts'
import { type Ask, requiredFor } from './ask.ts'
import type { Payer } from './payer.ts'
import type { Credentials, Scheme } from './scheme.ts'

/** The doorman: finds out who pays, or says what to pay. */
export class Access {
  readonly #schemes: readonly Scheme[]

  /** `schemes` in the order in which a request with several credentials is read. */
  constructor(schemes: readonly Scheme[]) {
    this.#schemes = schemes
  }

  /**
   * The payer of a request.
   * @throws DomainError `payment_required` where no credential is given, else what the scheme throws
   */
  admit(credentials: Credentials, ask: Ask): Promise<Payer> {
    for (const scheme of this.#schemes) {
      const credential = scheme.read(credentials)
      if (credential !== undefined) return scheme.admit(credential, ask)
    }
    return Promise.reject(this.#refusal(credentials, ask))
  }

  /** What a request would be paid with, by itself, however it was sent; undefined where nothing in it pays. */
  credentialOf(credentials: Credentials): string | undefined {
    for (const scheme of this.#schemes) {
      const credential = scheme.read(credentials)
      if (credential !== undefined) return credential
    }
    return undefined
  }

  #refusal(credentials: Credentials, ask: Ask): DomainError {
    if (credentials.authorization || credentials.apiKey) {
      return new DomainError(
        'invalid_api_key',
        'This is not a key of this node. Use an sk- key, or ecash (cashuA… or cashuB…) as the key. Nothing was charged.',
      )
    }
    const offers = this.#schemes.map((scheme) => scheme.challenge?.(ask))
    return new DomainError(
      'payment_required',
      `${ask.what} is paid per request. Send ecash in X-Cashu, or ecash or an sk- key as the API key. Nothing was charged.`,
      { details: Object.assign({ amount_required_msat: Number(requiredFor(ask)) }, ...offers) },
    )
  }
}
