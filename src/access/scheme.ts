import type { Ask } from './ask.ts'
import type { Payer } from './payer.ts'

/** The places of a request where a credential can stand, as they came. */
export interface Credentials {
  readonly authorization: string | undefined
  /** `x-api-key`, `x-goog-api-key` or `?key=`. */
  readonly apiKey: string | undefined
  readonly xCashu: string | undefined
}

/** A way to pay. One folder in `schemes/` each, and one line in the list. */
export interface Scheme {
  readonly name: string
  /** The credential of this scheme in a request, or undefined where there is none. */
  read(credentials: Credentials): string | undefined
  /**
   * Turns a credential into a payer. Everything that can be refused without redeeming anything is refused first.
   * @throws DomainError as the scheme documents
   */
  admit(credential: string, ask: Ask): Promise<Payer>
  /** What a caller without a credential is offered, as members of the 402's details. */
  challenge?(ask: Ask): Readonly<Record<string, unknown>>
}
