import { createHmac, hash, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { chargeOf, type Hold } from '../../ledger/index.ts'
import { type Clock, DomainError } from '../../lib/index.ts'
import { type Storage, type Tx, Vault } from '../../storage/index.ts'
import * as store from './answer-store.ts'

const KEPT_MS = 24 * 3_600_000
const KEY_LENGTH_MAX = 255
/** Stands where an answer would, when it was larger than is kept. */
const TOO_LARGE = 'too-large'

/** A whole answer, as it left. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer
}

/** A paid request that carries an `Idempotency-Key`. */
export interface KeyedRequest {
  readonly key: string
  /** What pays; the answer is sealed under it, so that nobody else can read it, the operator included. */
  readonly credential: string
  /** Name of the route; a key is good for one. */
  readonly route: string
  readonly body: Buffer
  readonly isOneShot: boolean
}

interface AnswersParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly boot: string
}

const savedAnswer = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body: z.string(),
})

/** Keeps the answers of calls whose callers asked for it, for 24 hours; a repeated request gets the same one, unpaid. */
export class Answers {
  readonly #parts: AnswersParts

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  /**
   * What became of an earlier request with this key: its answer, or undefined where there was none.
   * @throws DomainError `idempotency_key_reused` for another body, `call_running` / `payment_running`, `answer_not_kept`
   */
  async earlier(request: KeyedRequest): Promise<Answer | undefined> {
    const { storage, clock, boot } = this.#parts
    const id = idOf(request)
    const found = await storage.read(async (tx) => {
      const kept = await store.findAnswer(tx, id, clock.now())
      return kept && { kept, charge: await chargeOf(tx, kept.holdId) }
    })
    if (!found) return undefined
    const { kept, charge } = found
    if (!kept.fingerprint.equals(fingerprintOf(request))) throw reused()
    if (kept.sealed !== undefined && kept.sealed !== TOO_LARGE) return openAnswer(request, id, kept.sealed)
    // Where the run that served it died, what was charged was delivered; what was not, or was given back, may run again.
    const isOver = kept.sealed === TOO_LARGE || (charge !== undefined && kept.boot !== boot)
    if (!isOver) throw running(request)
    if (kept.boot === boot || charge !== 0n) throw notKept(charge ?? 0n)
    await storage.transact((tx) => store.forgetAnswer(tx, id))
    return undefined
  }

  /** Joins the hold's transaction: from then on the key has its call. */
  async claim(tx: Tx, request: KeyedRequest, hold: Hold): Promise<void> {
    const { clock, boot } = this.#parts
    const now = clock.now()
    const isClaimed = await store.claimAnswer(tx, {
      id: idOf(request),
      fingerprint: fingerprintOf(request),
      boot,
      holdId: hold.id,
      now,
      expiresAt: now + KEPT_MS,
    })
    if (!isClaimed) throw running(request)
  }

  /** Keeps the answer before it is sent, so that whoever missed it can ask again; undefined for one too large to keep. */
  async keep(request: KeyedRequest, answer: Answer | undefined): Promise<void> {
    const id = idOf(request)
    const text = answer && JSON.stringify({ ...answer, body: answer.body.toString('base64') })
    const sealed = text === undefined ? TOO_LARGE : vaultOf(request).seal(placeOf(id), text)
    await this.#parts.storage.transact((tx) => store.keepAnswer(tx, { id, sealed }))
  }

  /** Which of these holds have an answer that their callers can still get by their keys. Reads the whole table. */
  async answeredOf(holdIds: readonly bigint[]): Promise<ReadonlySet<bigint>> {
    if (holdIds.length === 0) return new Set()
    const { storage, clock } = this.#parts
    const wanted = { holdIds, none: TOO_LARGE, now: clock.now() }
    return new Set(await storage.read((tx) => store.listAnswered(tx, wanted)))
  }

  /** A call that failed and cost nothing may be tried again with the same key. */
  async forget(request: KeyedRequest): Promise<void> {
    await this.#parts.storage.transact((tx) => store.forgetAnswer(tx, idOf(request)))
  }

  async forgetExpired(): Promise<void> {
    const now = this.#parts.clock.now()
    await this.#parts.storage.transact((tx) => store.forgetExpired(tx, now))
  }
}

/** The key of a request, quoted (draft-ietf-httpapi-idempotency-key) or bare. @throws DomainError `idempotency_key_invalid` */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = Array.isArray(header) ? header.join(',') : header
  const key = /^"(.*)"$/.exec(text.trim())?.[1] ?? text.trim()
  if (key.length > 0 && key.length <= KEY_LENGTH_MAX) return key
  throw new DomainError(
    'idempotency_key_invalid',
    `An Idempotency-Key has 1 to ${KEY_LENGTH_MAX} characters. Nothing was charged.`,
  )
}

function idOf({ credential, key, route }: KeyedRequest): Buffer {
  return hash('sha256', JSON.stringify([credential, route, key]), 'buffer')
}

/** Keyed, so that a short question cannot be found out by trying. */
function fingerprintOf({ credential, body }: KeyedRequest): Buffer {
  return createHmac('sha256', credential).update(body).digest()
}

function vaultOf({ credential }: KeyedRequest): Vault {
  return new Vault([Buffer.from(hkdfSync('sha256', credential, '', 'farebox kept answer', 32))])
}

function placeOf(id: Buffer): { table: string; column: string; row: string } {
  return { table: 'answer', column: 'sealed', row: id.toString('hex') }
}

function openAnswer(request: KeyedRequest, id: Buffer, sealed: string): Answer {
  const { status, headers, body } = savedAnswer.parse(
    JSON.parse(vaultOf(request).openText(placeOf(id), sealed)),
  )
  return { status, headers, body: Buffer.from(body, 'base64') }
}

function reused(): DomainError {
  return new DomainError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another body. Use a new key for a new request; nothing was charged.',
  )
}

function running({ isOneShot }: KeyedRequest): DomainError {
  return new DomainError(
    isOneShot ? 'payment_running' : 'call_running',
    'The call with this Idempotency-Key is still running. Ask again in a moment; it is charged once.',
    { retryAfterS: 2 },
  )
}

function notKept(charge: bigint): DomainError {
  return new DomainError(
    'answer_not_kept',
    `The call with this Idempotency-Key was delivered and charged ${charge} msat, but its answer was not kept. It will not be charged again.`,
    { details: { charged_msat: Number(charge) } },
  )
}
