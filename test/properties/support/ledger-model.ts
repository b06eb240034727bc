import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import * as fc from 'fast-check'
import {
  type AccountId,
  balanceOf,
  heartbeat,
  type Hold,
  hold,
  listOrphanHolds,
  settle,
  transfer,
  voidHold,
} from '../../../src/ledger/index.ts'
import { DomainError } from '../../../src/lib/index.ts'
import { msat } from '../../../src/money/index.ts'
import type { Storage, Tx } from '../../../src/storage/index.ts'

export const WALLETS = 3

type Command =
  | {
      readonly do: 'pay in' | 'pay out'
      readonly wallet: number
      readonly amount: bigint
      readonly name: number
    }
  | {
      readonly do: 'move'
      readonly wallet: number
      readonly to: number
      readonly amount: bigint
      readonly name: number
    }
  | {
      readonly do: 'hold'
      readonly wallet: number
      readonly least: bigint
      readonly most: bigint
      readonly boot: number
    }
  | { readonly do: 'settle'; readonly which: number; readonly charge: bigint }
  | { readonly do: 'void'; readonly which: number }
  | { readonly do: 'beat'; readonly which: number; readonly count: number }
  | { readonly do: 'fail after hold'; readonly wallet: number; readonly most: bigint }

const wallet = fc.nat(WALLETS - 1)
const amount = fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 5_000n))
const which = fc.nat(11)
/** Few names, so that many transfers are repeats. */
const name = fc.nat(14)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constantFrom('pay in', 'pay out'), wallet, amount, name }),
  fc.record({ do: fc.constant('move'), wallet, to: wallet, amount, name }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('hold'), wallet, least: amount, most: amount, boot: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle'), which, charge: amount }) },
  fc.record({ do: fc.constant('void'), which }),
  fc.record({ do: fc.constant('beat'), which, count: fc.nat(9) }),
  fc.record({ do: fc.constant('fail after hold'), wallet, most: amount }),
)
/** Commands in rounds: those of one round are asked for at once, and share a commit. */
export const rounds: fc.Arbitrary<Command[][]> = fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 14,
})

interface ModelHold {
  readonly real: Hold
  readonly wallet: number
  readonly boot: number
  isOpen: boolean
  delivered: string | undefined
}

/** What the ledger should be, in the simplest words. */
class Model {
  readonly posted: bigint[] = Array.from({ length: WALLETS }, () => 0n)
  readonly holds: ModelHold[] = []
  readonly names = new Set<number>()
  income = 0n
  asset = 0n

  reserved(of: number): bigint {
    return this.holds.reduce(
      (sum, each) => sum + (each.isOpen && each.wallet === of ? each.real.amount : 0n),
      0n,
    )
  }

  available(of: number): bigint {
    return (this.posted[of] ?? 0n) - this.reserved(of)
  }

  add(of: number, by: bigint): void {
    this.posted[of] = (this.posted[of] ?? 0n) + by
  }
}

/** How often each outcome was seen, so that no run of this test can pass by seeing nothing. */
export const seen: Map<string, number> = new Map<string, number>()
const saw = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)

function unexpected(code: string): never {
  throw new Error(`refused with ${code}`)
}

/** The ledger and its model, side by side. */
export class Books {
  readonly model = new Model()
  readonly #storage: Storage
  readonly #wallets: readonly AccountId[]
  readonly #asset: AccountId
  readonly #income: AccountId
  readonly #run: string

  constructor(storage: Storage, accounts: readonly AccountId[], run: string) {
    this.#storage = storage
    const [asset, income, ...wallets] = accounts
    if (asset === undefined || income === undefined) throw new Error('accounts are missing')
    this.#asset = asset
    this.#income = income
    this.#wallets = wallets
    this.#run = run
  }

  /** Works run in the order they are asked for, so the model may follow in that order although all are under way. */
  async round(commands: readonly Command[]): Promise<void> {
    await Promise.all(commands.map((each) => this.#execute(each)))
    await this.#compare()
  }

  async #execute(asked: Command): Promise<void> {
    switch (asked.do) {
      case 'pay in':
        return this.#transfer(asked.name, { from: undefined, to: asked.wallet, amount: asked.amount })
      case 'pay out':
        return this.#transfer(asked.name, { from: asked.wallet, to: undefined, amount: asked.amount })
      case 'move':
        return this.#transfer(asked.name, { from: asked.wallet, to: asked.to, amount: asked.amount })
      case 'hold':
        return this.#hold(asked)
      case 'settle':
        return this.#resolve(asked.which, asked.charge)
      case 'void':
        return this.#resolve(asked.which, undefined)
      case 'beat':
        return this.#beat(asked.which, asked.count)
      case 'fail after hold':
        return this.#failAfterHold(asked.wallet, asked.most)
    }
  }

  async #transfer(
    named: number,
    { from, to, amount: by }: { from: number | undefined; to: number | undefined; amount: bigint },
  ): Promise<void> {
    const accountOf = (index: number | undefined): AccountId =>
      index === undefined ? this.#asset : this.#walletAt(index)
    const entries = [
      { account: accountOf(from), amount: msat(-by) },
      { account: accountOf(to), amount: msat(by) },
    ]
    const { model } = this
    const work = async (tx: Tx): Promise<() => void> => {
      const reference = `${this.#run}:${named}`
      const result = await transfer(tx, { reference, reason: 'test', entries, at: 1 })
      return () => {
        saw(`transfer ${result}`)
        equal(result, model.names.has(named) ? 'exists' : 'posted')
        if (result === 'exists') return
        model.names.add(named)
        if (from === undefined) model.asset -= by
        else model.add(from, -by)
        if (to === undefined) model.asset += by
        else model.add(to, by)
      }
    }
    await this.#try(work, (code) => {
      saw(`transfer ${code}`)
      equal(code, 'exceeds_credits')
      equal(model.names.has(named), false)
      ok(model.available(from ?? -1) < by)
    })
  }

  async #hold({ wallet: of, least, most, boot }: Command & { do: 'hold' }): Promise<void> {
    const atLeast = least < most ? least : most
    const { model } = this
    await this.#try(async (tx) => {
      const outcome = await hold(tx, this.#request(of, { atLeast, most, boot }))
      return () => {
        saw(outcome.kind)
        const available = model.available(of)
        if (available < atLeast) {
          deepEqual(outcome, { kind: 'short', available })
          return
        }
        const taken = available < most ? available : most
        deepEqual([outcome.kind, outcome.kind === 'held' && outcome.hold.amount], ['held', taken])
        if (taken < most) saw('clamped')
        if (outcome.kind === 'held')
          model.holds.push({ real: outcome.hold, wallet: of, boot, isOpen: true, delivered: undefined })
      }
    }, unexpected)
  }

  async #resolve(index: number, wanted: bigint | undefined): Promise<void> {
    const target = this.#holdAt(index)
    if (!target) return
    const { model } = this
    const closing = { hold: target.real, to: this.#income, usage: '{}', at: 2 }
    const work = async (tx: Tx): Promise<() => void> => {
      const balance =
        wanted === undefined
          ? await voidHold(tx, closing)
          : await settle(tx, { ...closing, charge: msat(wanted) })
      return () => {
        saw(wanted === undefined ? 'voided' : 'settled')
        const charge = wanted ?? 0n
        ok(target.isOpen)
        ok(charge <= target.real.amount)
        target.isOpen = false
        model.add(target.wallet, -charge)
        model.income += charge
        equal(balance.available, model.available(target.wallet))
      }
    }
    await this.#try(work, (code) => {
      saw(code)
      const isTooMuch = (wanted ?? 0n) > target.real.amount
      equal(code, isTooMuch ? 'exceeds_hold_amount' : 'hold_already_resolved')
      ok(isTooMuch || !target.isOpen)
    })
  }

  async #beat(index: number, count: number): Promise<void> {
    const target = this.#holdAt(index)
    if (!target) return
    await this.#try(async (tx) => {
      const delivered = JSON.stringify({ count })
      await heartbeat(tx, [{ holdId: target.real.id, delivered }])
      return () => {
        saw(target.isOpen ? 'beat' : 'late beat')
        if (target.isOpen) target.delivered = delivered
      }
    }, unexpected)
  }

  /** A work that fails after it has held takes its hold with it, and nobody else's. */
  async #failAfterHold(of: number, most: bigint): Promise<void> {
    const failing = this.#storage.transact(async (tx) => {
      await hold(tx, this.#request(of, { atLeast: 0n, most, boot: 0 }))
      throw new Error('on purpose')
    })
    await rejects(failing, /on purpose/)
    saw('failed work')
  }

  /**
   * Runs a work, and when it is on disk puts what it found into the model. A work may be run twice, so it touches no model
   * itself; those of one commit resolve in the order they were asked for, so the model follows in that order.
   */
  async #try(work: (tx: Tx) => Promise<() => void>, refused: (code: string) => void): Promise<void> {
    let follow: () => void
    try {
      follow = await this.#storage.transact(work)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      follow = () => refused(error.code)
    }
    follow()
  }

  async #compare(): Promise<void> {
    const { model } = this
    await this.#storage.read(async (tx) => {
      for (const [i, account] of this.#wallets.entries()) {
        const balance = await balanceOf(tx, account)
        const available = model.available(i)
        deepEqual(balance, { posted: model.posted[i], reserved: model.reserved(i), available })
        ok(available >= 0n)
      }
      equal((await balanceOf(tx, this.#asset)).posted, model.asset)
      equal((await balanceOf(tx, this.#income)).posted, model.income)
      const boot = `${this.#run}:0`
      const orphans = await listOrphanHolds(tx, { boot, limit: 10_000 })
      const own = orphans.filter(({ hold: { accountId } }) => this.#wallets.includes(accountId))
      const expected = model.holds.filter((each) => each.isOpen && each.boot !== 0)
      deepEqual(
        own.map(({ hold: { id }, delivered }) => [id, delivered]),
        expected.map(({ real, delivered }) => [real.id, delivered]),
      )
    })
  }

  #request(of: number, args: { atLeast: bigint; most: bigint; boot: number }): Parameters<typeof hold>[1] {
    const { atLeast, most, boot } = args
    return {
      accountId: this.#walletAt(of),
      callId: `call_${of}`,
      atLeast: msat(atLeast),
      atMost: msat(most),
      boot: `${this.#run}:${boot}`,
      terms: '{}',
      at: 1,
    }
  }

  #holdAt(index: number): ModelHold | undefined {
    const { holds } = this.model
    return holds.length === 0 ? undefined : holds[index % holds.length]
  }

  #walletAt(index: number): AccountId {
    const account = this.#wallets[index]
    if (account === undefined) throw new Error('no such wallet')
    return account
  }
}
