import { onlyValueOf, scanJson, splice } from '../../lib/index.ts'
import type { CostReport, Delivered, Meter } from '../canonical/meter.ts'
import type { Usage } from '../canonical/usage.ts'
import { isObject, type JsonObject, parseJson } from './body.ts'
import { errorText } from './error-text.ts'
import { costMembers, estimatedUsage, pricedUsage, readOpenAiUsage } from './usage.ts'

const NOTHING = Buffer.alloc(0)
const USAGE_KEY = Buffer.from('"usage"')
const NOTHING_DELIVERED: Delivered = { outputEstimate: 0, hasContent: false }

/** What the whole replies of one route look like. */
interface WholeReply {
  /** The array that makes a JSON object an answer: `choices`, `data`. */
  readonly answers: string
  readonly needsOutput: boolean
  readonly inputEstimate: number
  measure(reply: JsonObject, bytes: Buffer): Delivered
}

/** Watches a reply that is one JSON object. All of it waits for the settlement, because the cost is written into it. */
export class WholeMeter implements Meter {
  readonly #shape: WholeReply
  readonly #chunks: Buffer[] = []
  #bytes: Buffer = NOTHING
  #reply: JsonObject | undefined
  #delivered: Delivered | undefined
  #failure: string | undefined
  #usage: Usage | undefined

  constructor(shape: WholeReply) {
    this.#shape = shape
  }

  push(chunk: Buffer): Buffer {
    this.#chunks.push(chunk)
    return NOTHING
  }

  end(): void {
    const [first] = this.#chunks
    this.#bytes = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    const reply = parseJson(this.#bytes.toString())
    if (isObject(reply) && Array.isArray(reply[this.#shape.answers])) {
      this.#reply = reply
      const reported = reply['usage']
      if (isObject(reported)) this.#usage = readOpenAiUsage(reported, this.#shape.needsOutput)
    } else if (isObject(reply) && (reply['error'] ?? undefined) !== undefined) {
      this.#failure = errorText(reply['error'])
    } else this.#failure = 'garbage'
  }

  /** Measured when it is asked for: a reply with a usable report is never. */
  delivered(): Delivered {
    if (!this.#reply) return NOTHING_DELIVERED
    this.#delivered ??= this.#shape.measure(this.#reply, this.#bytes)
    return this.#delivered
  }

  usage(): Usage | undefined {
    return this.#usage
  }

  isComplete(): boolean {
    return this.#reply !== undefined
  }

  failure(): string | undefined {
    return this.#failure
  }

  finish(cost: CostReport | undefined): Buffer {
    if (!this.#reply || !cost) return this.#bytes
    const reported = this.#reply['usage']
    const counts = isObject(reported) && this.#usage && !cost.estimated ? reported : undefined
    return (counts && this.#withCost(counts, cost)) ?? this.#withUsage(counts, cost)
  }

  /** The usual case: the cost is written behind the counts, and those stay as they came. */
  #withCost(counts: JsonObject, cost: CostReport): Buffer | undefined {
    if ('cost' in counts || 'cost_sats' in counts) return undefined
    const place = onlyValueOf(this.#bytes, USAGE_KEY)
    if (!place) return undefined
    const end = place.end - 1
    return splice(this.#bytes, [{ from: end, to: end, text: `,${costMembers(cost)}` }])
  }

  #withUsage(counts: JsonObject | undefined, cost: CostReport): Buffer {
    const { members } = scanJson(this.#bytes)
    const usage = counts ?? estimatedUsage(this.#shape.inputEstimate, this.delivered().outputEstimate)
    const text = JSON.stringify(pricedUsage(usage, cost))
    // Of repeated keys a reader takes the last one.
    const member = members.findLast(({ key }) => key === 'usage')
    const end = members.at(-1)?.valueEnd ?? 0
    const edit = member
      ? { from: member.valueStart, to: member.valueEnd, text }
      : { from: end, to: end, text: `,"usage":${text}` }
    return splice(this.#bytes, [edit])
  }
}
