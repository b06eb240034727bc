import { assert, failpoint } from '../../lib/index.ts'
import { feeOfInputs } from '../mint/keysets.ts'
import type { Mint } from '../mint/mint.ts'
import type { Reply } from '../mint/mint-client.ts'
import { verdictOn } from '../mint/refusals.ts'
import type { BlindSignature } from '../mint/replies.ts'
import type { Operation } from '../store/operation-store.ts'
import type { Event } from './machine.ts'
import { type NewProof, toMessage, unblindAll } from './outputs.ts'
import { type OutputSet, type Plan, planSwap } from './plan.ts'
import type { Steps } from './run-operation.ts'
import type { Pause, Start } from './runner.ts'

const STATES_AT_ONCE = 100
const SETS_MAX = 8

/** How a swap ended: which of its output sets was signed, and the coins that this made. */
export interface Signed {
  readonly set: OutputSet
  readonly proofs: readonly NewProof[]
  /** Of the inputs. */
  readonly ys: readonly string[]
}

export interface Refusal {
  readonly isSpent: boolean
  /** The mint's last code, 0 where it gave none. */
  readonly code: number
}

/** What the ending of an operation does to the books; differs between receive and send. Each is one transaction. */
export interface Endings {
  readonly commit: (operation: Operation, signed: Signed) => Promise<void>
  /** `impossible`: this kind cannot be refused. */
  readonly refuse: (operation: Operation, plan: Plan, refusal: Refusal) => Promise<'committed' | 'impossible'>
  readonly flag: (operation: Operation) => Promise<void>
  readonly savePlan: (id: string, plan: Plan) => Promise<void>
}

interface Options {
  readonly operation: Operation
  readonly plan: Plan
  readonly mint: Mint
  readonly endings: Endings
  readonly from: Start
  readonly pause: Pause
}

/** The steps of one swap at a mint, and what was learned on the way. */
export class SwapRun implements Steps {
  readonly #options: Options
  #plan: Plan
  #signed: Signed | undefined
  /** Every copy ever sent was answered with a plain refusal, so that none can be under way. */
  #isClean: boolean
  #isSpent = false
  #code = 0
  #retryAfterMs = 0

  constructor(options: Options) {
    this.#options = options
    this.#plan = options.plan
    this.#isClean = options.from === 'saved'
  }

  readonly post = async (): Promise<Event> => {
    const reply = await this.#options.mint.client.swap(this.#plan.body)
    this.#failpoint('posted')
    const set = this.#plan.sets.at(-1)
    assert(set, 'a plan has outputs')
    if (reply.kind === 'ok') {
      const event = await this.#unblind(set, reply.value.signatures)
      if (event !== 'signed') this.#isClean = false
      return event
    }
    if (reply.kind === 'unclear') {
      this.#isClean = false
      return this.#unclear(reply)
    }
    this.#code = reply.code
    const verdict = verdictOn(reply.code)
    if (verdict === 'unclear') this.#isClean = false
    return verdict
  }

  readonly restore = async (): Promise<Event> => {
    const { sets } = this.#plan
    this.#failpoint('restoring')
    const reply = await this.#options.mint.client.restore(
      sets.flatMap(({ outputs }) => outputs.map(toMessage)),
    )
    this.#failpoint('restored')
    if (reply.kind !== 'ok') return this.#unclear(reply)
    const { outputs, signatures } = reply.value
    const byBlinded = new Map(outputs.map((blinded, i) => [blinded, signatures[i]]))
    const found = sets.map((set) => ({ set, signatures: signaturesOf(set, byBlinded) }))
    const whole = found.findLast(({ set, signatures: some }) => some.length === set.outputs.length)
    if (whole) return this.#unblind(whole.set, whole.signatures)
    return found.some(({ signatures: some }) => some.length > 0) ? 'partlySigned' : 'unsigned'
  }

  readonly check = async (): Promise<Event> => {
    const { ys } = this.#plan
    for (let from = 0; from < ys.length; from += STATES_AT_ONCE) {
      const some = ys.slice(from, from + STATES_AT_ONCE)
      const reply = await this.#options.mint.client.states(some)
      if (reply.kind !== 'ok') return this.#unclear(reply)
      const states = new Map(reply.value.states.map(({ Y, state }) => [Y.toLowerCase(), state]))
      if (some.some((y) => states.get(y) === 'SPENT')) {
        this.#isSpent = true
        return 'spent'
      }
      if (!some.every((y) => states.has(y))) return 'unclear'
    }
    return 'unspent'
  }

  /** The old outputs stay in the plan: should a late copy be executed after all, they are found. */
  readonly replan = async (): Promise<Event> => {
    const { operation, mint, endings } = this.#options
    const { inputs, ys, sets } = this.#plan
    const last = sets.at(-1)
    assert(last, 'a plan has outputs')
    if (!(await mint.keysets.refresh())) return 'unclear'
    const fresh = await this.#freshTerms()
    if (!fresh) return 'unclear'
    const { keyset, feeSat } = fresh
    const isSame = keyset.id === last.keysetId && feeSat === last.feeSat
    const sendSat = operation.kind === 'send' ? operation.netSat : 0
    const isPayable = inputs.reduce((sum, { amount }) => sum + amount, 0) - feeSat >= Math.max(sendSat, 1)
    if (isSame || !isPayable || sets.length >= SETS_MAX) return this.#isClean ? 'refused' : 'unchanged'
    const plan = planSwap({ mint: mint.url, inputs, ys, feeSat, keyset, sendSat }, sets)
    await endings.savePlan(operation.id, plan)
    this.#plan = plan
    this.#failpoint('replanned')
    return 'replanned'
  }

  readonly pause = async (): Promise<Event> => {
    await this.#options.pause(this.#retryAfterMs)
    this.#retryAfterMs = 0
    return 'paused'
  }

  readonly commit = async (): Promise<Event> => {
    const { operation, endings } = this.#options
    assert(this.#signed, 'only what is signed is committed')
    this.#failpoint('signed')
    await endings.commit(operation, this.#signed)
    this.#failpoint('committed')
    return 'committed'
  }

  readonly refuse = async (): Promise<Event> => {
    const { operation, endings } = this.#options
    if (operation.kind === 'receive') failpoint('receive.refusing')
    const event = await endings.refuse(operation, this.#plan, { isSpent: this.#isSpent, code: this.#code })
    if (operation.kind === 'receive') failpoint('receive.refused')
    return event
  }

  readonly flag = async (): Promise<Event> => {
    await this.#options.endings.flag(this.#options.operation)
    return 'committed'
  }

  async #freshTerms() {
    const { keysets } = this.#options.mint
    try {
      const keyset = await keysets.active()
      const known = this.#plan.inputs.flatMap(({ id }) => keysets.get(id) ?? [])
      return { keyset, feeSat: feeOfInputs(known) }
    } catch {
      return undefined
    }
  }

  async #unblind(set: OutputSet, signatures: readonly BlindSignature[]): Promise<Event> {
    const keyset = this.#options.mint.keysets.get(set.keysetId)
    assert(keyset, 'outputs are on a known keyset')
    const proofs = await unblindAll(set.outputs, signatures, keyset)
    if (!proofs) return 'misigned'
    this.#signed = { set, proofs, ys: this.#plan.ys }
    return 'signed'
  }

  #unclear(reply: Exclude<Reply<unknown>, { kind: 'ok' }>): Event {
    if (reply.kind === 'unclear') this.#retryAfterMs = reply.retryAfterMs
    return 'unclear'
  }

  #failpoint(step: string): void {
    failpoint(`${this.#options.operation.kind}.${step}`)
  }
}

function signaturesOf(
  set: OutputSet,
  byBlinded: ReadonlyMap<string, BlindSignature | undefined>,
): BlindSignature[] {
  return set.outputs.flatMap(({ blinded }) => byBlinded.get(blinded) ?? [])
}
