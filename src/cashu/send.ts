import { type AccountId, type Entry, transfer } from '../ledger/index.ts'
import { assert, DomainError, failpoint, newId, SingleFlight } from '../lib/index.ts'
import { addMsat, satToMsat, subMsat, ZERO } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import { writeEcash } from './ecash/write-ecash.ts'
import { feeOfInputs } from './mint/keysets.ts'
import type { Mint } from './mint/mint.ts'
import { type Plan, planSwap } from './operations/plan.ts'
import type { Runner } from './operations/runner.ts'
import { pickExact } from './operations/split.ts'
import type { Endings, Signed } from './operations/swap-run.ts'
import { holdingsShort, needsAttention, undecided } from './problems.ts'
import { flagOperation } from './receive.ts'
import { getMint, type Room } from './room.ts'
import * as operations from './store/operation-store.ts'
import type { Operation } from './store/operation-store.ts'
import * as proofs from './store/proof-store.ts'
import type { Purse, StoredProof } from './store/proof-store.ts'

export interface LocalSend {
  /** Names the payout: the same one gives the same ecash, and takes the money once. */
  readonly reference: string
  readonly from: AccountId
  readonly mint: string
  readonly amountSat: number
  /** Pay out of what is reserved for this owner, and only where that does not do, out of what is ready. */
  readonly owner?: string
  /** Unix milliseconds. */
  readonly at: number
}

export interface SendRequest extends Omit<LocalSend, 'at' | 'owner'> {
  /** Checked and saved in the transaction that debits the account. */
  readonly join?: (tx: Tx) => Promise<void>
}

/** A payout as others see it. */
export interface SendView {
  readonly mint: string
  readonly amountSat: number
  /** Undefined while it is under way. */
  readonly ecash: string | undefined
}

const PLANS_MAX = 5

/** Ecash out: from coins at hand in one transaction, else by a swap of own coins that was saved first. */
export class Sender {
  readonly #room: Room
  readonly #runner: () => Runner
  readonly #flights = new SingleFlight<string>()
  readonly #fresh = new Set<string>()

  constructor(room: Room, runner: () => Runner) {
    this.#room = room
    this.#runner = runner
  }

  async sendLocal(tx: Tx, send: LocalSend): Promise<string | undefined> {
    const { vault } = this.#room
    const known = await operations.findSend(tx, vault, send.reference)
    if (known) return known.ecash
    const { mint, amountSat, owner, reference, from, at } = send
    assert(Number.isSafeInteger(amountSat) && amountSat > 0, 'a payout is a whole number of sats above zero')
    const coins = await this.#takeExact(tx, { mint, amountSat, owner }, reference)
    if (!coins) return undefined
    const ecash = writeEcash({ mint, proofs: coins })
    const id = newId('send', at)
    await operations.insertDoneSend(tx, vault, {
      id,
      kind: 'send',
      mint,
      accountId: from,
      reference,
      faceSat: amountSat,
      feeSat: 0,
      netSat: amountSat,
      createdAt: at,
      ecash,
    })
    const entries = [
      ...this.#promised(mint, from, amountSat),
      ...this.#givenOut(mint, { amountSat, feeSat: 0 }),
    ]
    await transfer(tx, { reference: id, reason: 'send', entries, at })
    return ecash
  }

  /** Issues coins worth exactly this to a reference. */
  async #takeExact(
    tx: Tx,
    { mint, amountSat, owner }: { mint: string; amountSat: number; owner: string | undefined },
    reference: string,
  ): Promise<StoredProof[] | undefined> {
    const purses: Purse[] = [...(owner === undefined ? [] : [{ mint, owner }]), { mint, owner: undefined }]
    for (const purse of purses) {
      const picked = pickExact(amountSat, await proofs.stockOf(tx, purse))
      if (!picked) continue
      const coins = await proofs.listCoins(tx, this.#room.vault, { purse, picked })
      const from = purse.owner === undefined ? 'ready' : 'reserved'
      for (const { y } of coins) {
        const moved = await proofs.moveProof(tx, y, { from, to: 'issued', owner: reference })
        assert(moved, 'a coin that was just read is still there')
      }
      return coins
    }
    return undefined
  }

  send(request: SendRequest): Promise<string> {
    return this.#flights.run(request.reference, () => this.#send(request))
  }

  async stored(tx: Tx, reference: string): Promise<string | undefined> {
    return (await operations.findSend(tx, this.#room.vault, reference))?.ecash
  }

  async find(tx: Tx, reference: string): Promise<SendView | undefined> {
    const known = await operations.findSend(tx, this.#room.vault, reference)
    return known && { mint: known.operation.mint, amountSat: known.operation.netSat, ecash: known.ecash }
  }

  async #send(request: SendRequest): Promise<string> {
    const { storage, clock, vault } = this.#room
    const { reference, join } = request
    const local = await storage.transact(async (tx) => {
      const known = await operations.findSend(tx, vault, reference)
      if (known) return known.ecash
      const ecash = await this.sendLocal(tx, { ...request, at: clock.now() })
      if (ecash !== undefined) await join?.(tx)
      return ecash
    })
    if (local !== undefined) {
      failpoint('send.local')
      return local
    }
    const known = await storage.read((tx) => operations.findSend(tx, vault, reference))
    return this.#finish(known?.operation.id ?? (await this.#prepare(request)), request)
  }

  async #finish(id: string, { reference, mint }: SendRequest): Promise<string> {
    const { storage, waitMs } = this.#room
    const from = this.#fresh.delete(id) ? 'saved' : 'repeated'
    const known = await storage.read((tx) => operations.findOperation(tx, id))
    if (known?.state === 'attention') throw needsAttention(mint)
    // One that broke off, or that ended a moment ago, is judged by what is saved of it; the runner has told why.
    await this.#runner()
      .decide(id, { from, waitMs })
      .catch(() => undefined)
    const ended = await storage.read((tx) => operations.findSend(tx, this.#room.vault, reference))
    if (ended?.ecash !== undefined) return ended.ecash
    throw ended?.operation.state === 'attention' ? needsAttention(mint) : undecided(mint)
  }

  /** Saves a swap of own coins into what is sent and what is kept; gives its id. */
  async #prepare(request: SendRequest): Promise<string> {
    const mint = this.#room.mints.get(request.mint)
    // One that is not taken any more, and of which no coin is left.
    if (!mint) throw holdingsShort(request.mint)
    for (let plans = 0; plans < PLANS_MAX; plans += 1) {
      const plan = await this.#plan(mint, request.amountSat)
      failpoint('send.planned')
      const id = await this.#save(request, plan)
      if (id === undefined) continue
      failpoint('send.saved')
      return id
    }
    throw holdingsShort(mint.url)
  }

  async #plan(mint: Mint, amountSat: number): Promise<Plan> {
    const { storage, vault } = this.#room
    const purse = { mint: mint.url, owner: undefined }
    const keyset = await mint.keysets.active()
    const coins = await storage.read(async (tx) => {
      const stock = await proofs.stockOf(tx, purse)
      // Coins of an older keyset may cost another fee; the sum is checked below, with the true one.
      const picked = pickEnough(amountSat, stock, (count) =>
        feeOfInputs(Array.from({ length: count }, () => keyset)),
      )
      return picked && proofs.listCoins(tx, vault, { purse, picked })
    })
    if (!coins) throw holdingsShort(mint.url)
    const feeSat = feeOfInputs(coins.flatMap(({ keysetId }) => mint.keysets.get(keysetId) ?? []))
    const sumSat = coins.reduce((sum, coin) => sum + coin.amountSat, 0)
    if (sumSat < amountSat + feeSat) throw holdingsShort(mint.url)
    const inputs = coins.map((coin) => ({
      amount: coin.amountSat,
      id: coin.keysetId,
      secret: coin.secret,
      C: coin.C,
    }))
    const ys = coins.map(({ y }) => y.toString('hex'))
    return planSwap({ mint: mint.url, inputs, ys, feeSat, keyset, sendSat: amountSat })
  }

  /** Undefined when a coin of the plan has gone meanwhile. */
  async #save(request: SendRequest, plan: Plan): Promise<string | undefined> {
    const { storage, vault, clock } = this.#room
    const { mint, from, reference, amountSat, join } = request
    const at = clock.now()
    const id = newId('send', at)
    this.#fresh.add(id)
    try {
      await storage.transact(async (tx) => {
        for (const y of plan.ys) {
          const taken = await proofs.moveProof(tx, Buffer.from(y, 'hex'), {
            from: 'ready',
            to: 'reserved',
            owner: id,
          })
          if (!taken) throw new CoinGoneError()
        }
        const amounts = { faceSat: amountSat, feeSat: plan.sets[0]?.feeSat ?? 0, netSat: amountSat }
        const fresh = { id, kind: 'send', mint, accountId: from, reference, createdAt: at, plan } as const
        await operations.insertOperation(tx, vault, { ...fresh, ...amounts })
        await transfer(tx, {
          reference: id,
          reason: 'send',
          entries: this.#promised(mint, from, amountSat),
          at,
        })
        await join?.(tx)
      })
      return id
    } catch (error) {
      this.#fresh.delete(id)
      if (error instanceof CoinGoneError) return undefined
      throw error
    }
  }

  readonly endings: Endings = {
    commit: (operation, signed) => this.#commit(operation, signed),
    // The coins are ours and known to nobody else: a refusal means that something is wrong with the mint or with us.
    refuse: async () => 'impossible',
    flag: (operation) => flagOperation(this.#room, operation),
    savePlan: (id, plan) =>
      this.#room.storage.transact((tx) => operations.replacePlan(tx, this.#room.vault, { id, plan })),
  }

  async #commit(operation: Operation, { set, proofs: coins, ys }: Signed): Promise<void> {
    const { storage, vault, clock } = this.#room
    const { id, mint, netSat } = operation
    const owner = operation.reference
    const ecash = writeEcash({ mint, proofs: coins.filter(({ role }) => role === 'send') })
    await storage.transact(async (tx) => {
      const at = clock.now()
      const { feeSat } = set
      const ended = await operations.endOperation(tx, vault, { id, state: 'done', feeSat, netSat, ecash, at })
      if (!ended) return
      await proofs.markSwapped(tx, ys)
      for (const proof of coins) {
        const isSent = proof.role === 'send'
        await proofs.insertProof(tx, vault, {
          proof,
          mint,
          state: isSent ? 'issued' : 'ready',
          owner: isSent ? owner : undefined,
        })
      }
      const entries = this.#givenOut(mint, { amountSat: netSat, feeSat })
      await transfer(tx, { reference: `${id}:issued`, reason: 'send', entries, at })
    })
  }

  #promised(mint: string, from: AccountId, amountSat: number): Entry[] {
    const amount = satToMsat(amountSat)
    return [
      { account: from, amount: subMsat(ZERO, amount) },
      { account: getMint(this.#room, mint).accounts.owed, amount },
    ]
  }

  #givenOut(mint: string, { amountSat, feeSat }: { amountSat: number; feeSat: number }): Entry[] {
    const { accounts } = getMint(this.#room, mint)
    const [amount, fee] = [satToMsat(amountSat), satToMsat(feeSat)]
    return [
      { account: accounts.held, amount: addMsat(amount, fee) },
      { account: accounts.issued, amount: subMsat(ZERO, amount) },
      { account: accounts.fees, amount: subMsat(ZERO, fee) },
    ]
  }
}

class CoinGoneError extends DomainError {
  constructor() {
    super('cashu_coin_gone', 'A coin was used by another payout.')
  }
}

/** Coins worth an amount and their own fee: the smallest single one that does, else the largest until they do. */
function pickEnough(
  amountSat: number,
  stock: readonly { readonly amountSat: number; readonly count: number }[],
  feeOf: (coins: number) => number,
): { amountSat: number; count: number }[] | undefined {
  const ascending = stock.toSorted((a, b) => a.amountSat - b.amountSat)
  const single = ascending.find((coin) => coin.amountSat >= amountSat + feeOf(1))
  if (single) return [{ amountSat: single.amountSat, count: 1 }]
  const picked: { amountSat: number; count: number }[] = []
  let [coins, sum] = [0, 0]
  for (const coin of ascending.toReversed()) {
    const line = { amountSat: coin.amountSat, count: 0 }
    while (line.count < coin.count && sum < amountSat + feeOf(coins)) {
      line.count += 1
      coins += 1
      sum += coin.amountSat
    }
    if (line.count > 0) picked.push(line)
  }
  return sum >= amountSat + feeOf(coins) ? picked : undefined
}
