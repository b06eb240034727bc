import {
  type Offer,
  type OfferBook,
  type Quote,
  quoteFor,
  tightBound,
  type TokenCounter,
} from '../catalog/index.ts'
import type { AskedRequest, Delivered, Dialect } from '../dialects/index.ts'
import type { Hold } from '../ledger/index.ts'
import type { DomainError } from '../lib/index.ts'
import type { Upstreams } from '../upstreams/index.ts'
import { chargeFor } from './charge.ts'
import type { ForwardedReading } from './attempt.ts'
import { Forwarding, pausedProblem } from './forward.ts'
import { modelTerms } from './orphans.ts'
import { problemOf } from './problem-of.ts'
import type { Relay } from './relay.ts'
import type { Charge, Sale, Supplier } from './sale.ts'

export interface ModelCounter {
  readonly offerFor: (model: string) => Offer
  readonly upstreams: Upstreams
  readonly offers: OfferBook
  readonly tokens: TokenCounter
  readonly allowedFields: readonly string[]
}

/** Sells answers of models: the node's own supplier. */
export function modelSupplier(
  counter: ModelCounter,
  { dialect, body }: { dialect: Dialect; body: Buffer },
): Supplier {
  return {
    offer() {
      const asked = dialect.readRequest(body, counter.allowedFields)
      const offer = counter.offerFor(asked.model)
      // Before any money: a payer must not lose his mint's fee to an upstream that is known to be away.
      const paused = pausedProblem(counter.upstreams, offer.routes)
      if (paused) throw paused
      return new ModelSale(counter, { dialect, body, asked, offer, quote: quoteFor(offer, asked) })
    },
  }
}

interface Order {
  readonly dialect: Dialect
  readonly body: Buffer
  readonly asked: AskedRequest
  readonly offer: Offer
  readonly quote: Quote
}

const NOTHING: Delivered = { outputEstimate: 0, hasContent: false }

class ModelSale implements Sale<ForwardedReading> {
  readonly isStream: boolean
  readonly what: string
  readonly #counter: ModelCounter
  readonly #order: Order
  #quote: Quote
  #isTight = false
  #forwarding: Forwarding | undefined
  #sentLimit: number | undefined

  constructor(counter: ModelCounter, order: Order) {
    this.#counter = counter
    this.#order = order
    this.#quote = order.quote
    this.isStream = order.asked.stream
    this.what = order.offer.model
  }

  get price(): Sale['price'] {
    return this.#quote
  }

  get terms(): string {
    const { dialect, offer, asked } = this.#order
    const digest = this.#counter.offers.digestOf(offer)
    return modelTerms({ dialect: dialect.name, offer: digest, asked, bounds: this.#quote.bounds })
  }

  async tighten(): Promise<boolean> {
    if (this.#isTight) return false
    this.#isTight = true
    const { dialect, body, asked, offer } = this.#order
    const prompt = dialect.promptText(body, asked)
    const model = offer.routes[0].upstreamModel
    const inputBound = await tightBound(this.#counter.tokens, { model, prompt, byteBound: asked.inputBound })
    if (inputBound >= asked.inputBound) return false
    this.#quote = quoteFor(offer, { ...asked, inputBound })
    return true
  }

  prepare(): Promise<void> | undefined {
    return this.#counter.offers.save(this.#order.offer)
  }

  headers(hold: Hold): Record<string, string> {
    const { asked } = this.#order
    const quote = this.#quote
    this.#sentLimit = hold.amount >= quote.ceiling ? quote.outputLimit : quote.limitFor(hold.amount)
    const isClamped = this.#sentLimit !== quote.outputLimit
    const headers: Record<string, string> = {}
    if (isClamped) headers['x-farebox-clamped'] = `max_tokens=${this.#sentLimit}`
    if (asked.dropped.length > 0) headers['x-farebox-dropped'] = asked.dropped.map(headerSafe).join(', ')
    return headers
  }

  supply(hold: Hold, relay: Relay): Promise<ForwardedReading> {
    const { dialect, body, asked, offer } = this.#order
    const { upstreams } = this.#counter
    this.#forwarding = new Forwarding(upstreams, {
      dialect,
      asked,
      routes: offer.routes,
      outputLimit: this.#sentLimit,
      withoutKey: (upstreamId, text) => upstreams.withoutKey(upstreamId, text),
      write: ({ upstreamId, upstreamModel: model }) => {
        const { limitField, takesStreamOptions } = upstreams.quirksOf(upstreamId)
        const outputLimit = this.#sentLimit
        return dialect.writeRequest(body, asked, { model, outputLimit, limitField, takesStreamOptions })
      },
      relay,
    })
    return this.#forwarding.run()
  }

  charge(hold: Hold, reading: ForwardedReading): Charge {
    const { asked, offer } = this.#order
    const outputPerChoice = this.#sentLimit
    const quoted = this.#quote.bounds
    const bounds = quoted.outputPerChoice === outputPerChoice ? quoted : { ...quoted, outputPerChoice }
    const digest = this.#counter.offers.digestOf(offer)
    return chargeFor({ offer, digest, asked, bounds }, { held: hold.amount, reading })
  }

  delivered(): Delivered {
    return this.#forwarding?.delivered() ?? NOTHING
  }

  streamProblem(problem: DomainError, callId: string): Buffer {
    return this.#order.dialect.renderStreamProblem(problemOf(problem, callId))
  }
}

/** A field name that a caller made up may hold anything; a header may not. */
function headerSafe(field: string): string {
  return field.replaceAll(/[^\w.-]/g, '?').slice(0, 60)
}
