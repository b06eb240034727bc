import { getTokenMetadata } from '@cashu/cashu-ts'
import { type Answered, byKey, byOneShot, NodeApi, numberIn, stringIn } from './node-api.ts'
import type { Line, Step } from './receipt.ts'

interface TourOptions {
  readonly baseUrl: string
  readonly model: string
  /** The mint's input fee in thousandths of a sat a coin. */
  readonly feePpk: number
  /** New ecash of the mint, in sat. */
  mintEcash(sats: number): Promise<string>
  /** What the node's ledger says was set aside and taken for a call, in msat: a second source beside its own answers. */
  heldFor(callId: string): Promise<{ readonly held: bigint; readonly charge: bigint }>
}

/** What a caller does in his first minutes, step by step. Every step checks its own sums and throws where they are wrong. */
export async function* takeTour(options: TourOptions): AsyncGenerator<Step> {
  const tour = new Tour(options)
  yield await tour.ecashAsKey()
  yield await tour.streamed()
  const { step, change } = await tour.oneShot()
  yield step
  const { step: created, key } = await tour.createWallet()
  yield created
  yield await tour.callByKey(key)
  yield await tour.topUp(key, change)
  yield await tour.withdraw(key)
}

const CHAT = 'POST /v1/chat/completions'

class Tour {
  readonly #options: TourOptions
  readonly #node: NodeApi
  #ecash = ''

  constructor(options: TourOptions) {
    this.#options = options
    this.#node = new NodeApi(options)
  }

  async ecashAsKey(): Promise<Step> {
    this.#ecash = await this.#options.mintEcash(1000)
    const paidBy = byKey(this.#ecash)
    const answered = await this.#node.chat('What does a fare box do?', { paidBy })
    const left = await this.#node.balance(paidBy)
    const lines = [...this.#broughtIn(this.#ecash), ...(await this.#costOf(answered))]
    return checked({
      title: 'Ecash where the API key goes',
      request: CHAT,
      answered,
      lines,
      total: { label: 'left on its wallet', msat: left },
    })
  }

  async streamed(): Promise<Step> {
    const paidBy = byKey(this.#ecash)
    const before = await this.#node.balance(paidBy)
    const answered = await this.#node.chat('And where do the coins go?', { paidBy, stream: true })
    const lines: Line[] = [{ label: 'on its wallet', msat: before }, ...(await this.#costOf(answered))]
    return checked({
      title: 'The same ecash again, streamed',
      request: CHAT,
      answered,
      lines,
      total: { label: 'left on its wallet', msat: await this.#node.balance(paidBy) },
    })
  }

  async oneShot(): Promise<{ step: Step; change: string }> {
    const ecash = await this.#options.mintEcash(100)
    const answered = await this.#node.chat('May I have my change?', { paidBy: byOneShot(ecash) })
    const { change } = answered
    if (change === undefined)
      throw new Error('The reply to a one-shot payment has no X-Cashu with the change')
    const lines = [...this.#broughtIn(ecash), ...(await this.#costOf(answered))]
    const changeMsat = faceOf(change).msat
    const rest = sumOf(lines) - changeMsat
    if (rest < 0n || rest >= 1000n)
      throw new Error(`The change is ${changeMsat} msat, ${rest} msat are missing`)
    lines.push({ label: 'kept, less than a sat', msat: -rest })
    const total = { label: 'change, in X-Cashu', msat: changeMsat }
    const request = `${CHAT}, X-Cashu`
    return { step: checked({ title: 'One call, paid at the door', request, answered, lines, total }), change }
  }

  async createWallet(): Promise<{ step: Step; key: string }> {
    const ecash = await this.#options.mintEcash(500)
    const wallet = await this.#node.post('/v1/wallet/create', { cashu_token: ecash })
    const key = stringIn(wallet, 'api_key')
    const made = checked({
      title: 'A wallet with a key of its own',
      request: 'POST /v1/wallet/create',
      lines: this.#broughtIn(ecash),
      total: { label: `on ${key.slice(0, 7)}…`, msat: BigInt(numberIn(wallet, 'balance_msat')) },
    })
    return { step: made, key }
  }

  async callByKey(key: string): Promise<Step> {
    const paidBy = byKey(key)
    const before = await this.#node.balance(paidBy)
    const answered = await this.#node.chat('Does this work with any SDK?', { paidBy })
    return checked({
      title: 'A call by that key',
      request: CHAT,
      answered,
      lines: [{ label: 'on the wallet', msat: before }, ...(await this.#costOf(answered))],
      total: { label: 'left on the wallet', msat: await this.#node.balance(paidBy) },
    })
  }

  async topUp(key: string, change: string): Promise<Step> {
    const paidBy = byKey(key)
    const before = await this.#node.balance(paidBy)
    const { balance_msat: after } = await this.#node.post('/v1/wallet/topup', { cashu_token: change }, paidBy)
    return checked({
      title: 'Topped up, with the change of step 3',
      request: 'POST /v1/wallet/topup',
      lines: [{ label: 'on the wallet', msat: before }, ...this.#broughtIn(change)],
      total: { label: 'on the wallet', msat: BigInt(Number(after)) },
    })
  }

  async withdraw(key: string): Promise<Step> {
    const paidBy = byKey(key)
    const before = await this.#node.balance(paidBy)
    const ecash = stringIn(await this.#node.post('/v1/wallet/withdraw', {}, paidBy), 'cashu_token')
    return checked({
      title: 'And home again',
      request: 'POST /v1/wallet/withdraw',
      lines: [
        { label: 'on the wallet', msat: before },
        { label: 'withdrawn, as ecash', msat: -faceOf(ecash).msat },
      ],
      total: { label: 'credit that stays', msat: await this.#node.balance(paidBy) },
    })
  }

  /** Ecash handed in, less what its mint takes for the swap. */
  #broughtIn(ecash: string): Line[] {
    const { msat, coins } = faceOf(ecash)
    const fee = Math.ceil((coins * this.#options.feePpk) / 1000)
    return [
      { label: 'paid in', msat, note: coins === 1 ? 'one coin' : `${coins} coins` },
      { label: 'the mint’s fee', msat: BigInt(fee) * -1000n },
    ]
  }

  async #costOf({ callId, costMsat, inputTokens, outputTokens, pieces }: Answered): Promise<Line[]> {
    const { held, charge } = await this.#options.heldFor(callId)
    if (charge !== costMsat)
      throw new Error(`The reply says ${costMsat} msat, the ledger took ${charge} (${callId})`)
    const tokens = `${inputTokens} tokens in, ${outputTokens} out`
    return [
      { label: 'set aside', msat: held, isAside: true, note: 'the most it could have cost' },
      { label: 'cost', msat: -costMsat, note: pieces > 1 ? `${tokens}, in ${pieces} pieces` : tokens },
    ]
  }
}

function checked(parts: {
  title: string
  request: string
  answered?: Answered
  lines: readonly Line[]
  total: Line
}): Step {
  const { answered, ...rest } = parts
  const sum = sumOf(rest.lines)
  if (sum !== rest.total.msat)
    throw new Error(`${rest.title}: the lines come to ${sum} msat, the node says ${rest.total.msat}`)
  return { ...rest, answer: answered?.text }
}

function sumOf(lines: readonly Line[]): bigint {
  return lines.reduce((sum, { msat, isAside }) => (isAside ? sum : sum + msat), 0n)
}

function faceOf(ecash: string): { msat: bigint; coins: number } {
  const { incompleteProofs } = getTokenMetadata(ecash)
  const sats = incompleteProofs.reduce((sum, { amount }) => sum + amount.toNumber(), 0)
  return { msat: BigInt(sats) * 1000n, coins: incompleteProofs.length }
}
