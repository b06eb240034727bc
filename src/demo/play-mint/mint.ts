import { randomUUID } from 'node:crypto'
import { checkInputs, checkOutputs, distinctYs, feeOf, sumOf } from './checks.ts'
import { type Keysets, sign, type Signature } from './keysets.ts'
import { CODES, MintError } from './mint-error.ts'
import { type Input, type MintRequest, type Output, type QuoteRequest, type SwapRequest } from './shapes.ts'

export type ProofState = 'UNSPENT' | 'PENDING' | 'SPENT'

interface Quote {
  readonly quote: string
  readonly request: string
  readonly amount: number
  readonly unit: string
  readonly expiry: number
  state: 'PAID' | 'ISSUED'
}

const MAX_QUOTE = 2 ** 31

/** The mint itself, without HTTP. Every method runs to its end in one turn, so no request sees half of another. */
export class Mint {
  readonly keysets: Keysets
  readonly counts: { issuedSat: number; feesSat: number; swaps: number } = {
    issuedSat: 0,
    feesSat: 0,
    swaps: 0,
  }
  readonly #countedUnit: string
  readonly #states = new Map<string, { state: 'PENDING' | 'SPENT'; witness: string | null }>()
  readonly #signatures = new Map<string, Signature>()
  readonly #quotes = new Map<string, Quote>()

  /** `unit` is the one that `counts` count. */
  constructor(keysets: Keysets, unit: string) {
    this.keysets = keysets
    this.#countedUnit = unit
  }

  /** NUT-03. Inputs are looked at before outputs, so the same swap again is 11001 (as Nutshell), whatever else is wrong. */
  swap({ inputs, outputs }: SwapRequest): { signatures: Signature[] } {
    const ys = distinctYs(inputs)
    this.#checkUnspent(ys)
    checkInputs(this.keysets, inputs, ys)
    const fee = feeOf(this.keysets, inputs)
    const [have, want] = [sumOf(inputs) - fee, sumOf(outputs)]
    if (have !== want)
      throw new MintError(CODES.unbalanced, `Inputs less fee are ${have}, outputs are ${want}`)
    const unit = this.#unitOf(inputs)
    this.#checkOutputs(outputs, unit)
    for (const [i, y] of ys.entries())
      this.#states.set(y, { state: 'SPENT', witness: inputs[i]?.witness ?? null })
    if (unit === this.#countedUnit) this.counts.feesSat += fee
    this.counts.swaps += 1
    return { signatures: this.#sign(outputs) }
  }

  /** NUT-04 and NUT-23. There is no Lightning here: the invoice cannot be paid, and counts as paid already. */
  createQuote({ amount, unit }: QuoteRequest): Quote {
    if (!this.keysets.activeOf(unit))
      throw new MintError(CODES.unitUnsupported, `Unit ${unit} is not supported`)
    if (amount > MAX_QUOTE) throw new MintError(CODES.amountOutOfRange, `The most is ${MAX_QUOTE}`)
    const quote: Quote = {
      quote: randomUUID(),
      // 1 sat is 10 nano-bitcoin; wallets check the amount in the head of the invoice.
      request: `lnbc${amount}0n1playmoney${randomUUID().replaceAll(/[-1bio]/g, 'q')}`,
      amount,
      unit,
      state: 'PAID',
      expiry: Math.floor(Date.now() / 1000) + 3600,
    }
    this.#quotes.set(quote.quote, quote)
    return quote
  }

  quote(id: string): Quote {
    const quote = this.#quotes.get(id)
    if (!quote) throw new MintError(CODES.unknown, 'The quote is not known')
    return quote
  }

  mint(request: MintRequest): { signatures: Signature[] } {
    const quote = this.quote(request.quote)
    this.#checkOutputs(request.outputs, quote.unit)
    if (quote.state === 'ISSUED') throw new MintError(CODES.quoteIssued, 'The quote has been minted already')
    if (sumOf(request.outputs) !== quote.amount)
      throw new MintError(CODES.unbalanced, `The outputs are not ${quote.amount}`)
    quote.state = 'ISSUED'
    this.countIssued(quote.unit, quote.amount)
    return { signatures: this.#sign(request.outputs) }
  }

  /** NUT-07 of one Y. */
  check(y: string): { Y: string; state: ProofState; witness: string | null } {
    return { Y: y, state: 'UNSPENT', witness: null, ...this.#states.get(y) }
  }

  /** NUT-09: the outputs that were signed once, and their signatures, in the same order. */
  restore(asked: readonly Output[]): { outputs: Record<string, unknown>[]; signatures: Signature[] } {
    const known = asked.filter((output) => this.#signatures.has(output.blinded))
    const outputs = known.map(({ blinded, ...output }) => ({ ...output, B_: blinded }))
    return { outputs, signatures: known.flatMap((output) => this.#signatures.get(output.blinded) ?? []) }
  }

  /** Marks proofs from outside the protocol: as spent by somebody else, or under way. */
  mark(ys: readonly string[], state: ProofState): void {
    for (const y of ys) {
      if (state === 'UNSPENT') this.#states.delete(y)
      else this.#states.set(y, { state, witness: null })
    }
  }

  countIssued(unit: string, amount: number): void {
    if (unit === this.#countedUnit) this.counts.issuedSat += amount
  }

  #checkUnspent(ys: readonly string[]): void {
    const states = ys.map((y) => this.check(y).state)
    if (states.includes('SPENT')) throw new MintError(CODES.spent, 'An input has been spent already')
    if (states.includes('PENDING')) throw new MintError(CODES.pending, 'An input is pending')
  }

  #checkOutputs(outputs: readonly Output[], unit: string): void {
    checkOutputs(outputs, {
      keysets: this.keysets,
      unit,
      isSigned: (blinded) => this.#signatures.has(blinded),
    })
  }

  #unitOf(inputs: readonly Input[]): string {
    return this.keysets.get(inputs[0]?.id ?? '').unit
  }

  #sign(outputs: readonly Output[]): Signature[] {
    return outputs.map((output) => {
      const signature = sign(this.keysets.get(output.id), output.amount, Buffer.from(output.blinded, 'hex'))
      this.#signatures.set(output.blinded, signature)
      return signature
    })
  }
}
