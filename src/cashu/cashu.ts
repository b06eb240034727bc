import type { Clock, Live } from '../lib/index.ts'
import type { Storage, Tx, Vault } from '../storage/index.ts'
import { type Books, readBooks } from './books.ts'
import type { Ecash } from './ecash/ecash.ts'
import { Mints } from './mint/mints.ts'
import { Runner } from './operations/runner.ts'
import { SwapRun } from './operations/swap-run.ts'
import {
  type Inspection,
  type PurposeHandler,
  Receiver,
  type ReceiveOutcome,
  type ReceiveRequest,
  type ReceiveView,
} from './receive.ts'
import { getMint, type OnEvent, type Room } from './room.ts'
import { type LocalSend, Sender, type SendRequest, type SendView } from './send.ts'
import { findOperation, getPlan, listRunning, type Purpose } from './store/operation-store.ts'
import { releaseReserved } from './store/proof-store.ts'
import { countStates, type StateCounts, sweepIssued } from './sweep.ts'

const TIMEOUT_MS = 10_000
const WAIT_MS = 15_000

export interface CashuOptions {
  readonly storage: Storage
  readonly vault: Vault
  /** Addresses of the mints whose ecash is taken. One that leaves the list takes no new ecash; all else of it goes on. */
  readonly mints: Live<readonly string[]>
  readonly clock: Clock
  /** Of one request to a mint. Default 10 s. */
  readonly timeoutMs?: number
  /** How long a caller waits for an operation before he is told to come back. Default 15 s. */
  readonly waitMs?: number
  readonly onEvent?: OnEvent
}

/** The node's ecash: what comes in is claimed, swapped and credited once; what goes out is debited once. Sats only. */
export class Cashu {
  readonly #room: Room
  readonly #mints: Mints
  readonly #runner: Runner
  readonly #receiver: Receiver
  readonly #sender: Sender

  private constructor(room: Room, mints: Mints) {
    this.#room = room
    this.#mints = mints
    this.#runner = new Runner({
      onEvent: room.onEvent,
      prepare: async (id, { from, pause }) => {
        const { operation, plan } = await room.storage.read(async (tx) => ({
          operation: await findOperation(tx, id),
          plan: await getPlan(tx, room.vault, id),
        }))
        if (!operation) throw new Error(`no operation ${id}`)
        const { endings } = operation.kind === 'receive' ? this.#receiver : this.#sender
        return new SwapRun({ operation, plan, mint: getMint(room, operation.mint), endings, from, pause })
      },
    })
    this.#receiver = new Receiver(room, () => this.#runner)
    this.#sender = new Sender(room, () => this.#runner)
  }

  /** Opens the room on what the database knows, and asks the mints for their keysets in the background. */
  static async open(options: CashuOptions): Promise<Cashu> {
    const {
      storage,
      vault,
      clock,
      timeoutMs = TIMEOUT_MS,
      waitMs = WAIT_MS,
      onEvent = () => undefined,
    } = options
    const mints = await Mints.open({ storage, clock, list: options.mints, timeoutMs, onEvent })
    const room: Room = {
      storage,
      vault,
      clock,
      waitMs,
      onEvent,
      mints: mints.all,
      get accepted() {
        return mints.accepted
      },
    }
    return new Cashu(room, mints)
  }

  /** The mints whose ecash is taken, as they are compared. */
  mints(): readonly string[] {
    return this.#room.accepted
  }

  /** Whether each mint we deal with answered when it was last asked; undefined for one that was not asked yet. */
  mintHealth(): { readonly mint: string; readonly isAnswering: boolean | undefined }[] {
    return [...this.#room.mints.values()].map(({ url, client }) => ({
      mint: url,
      isAnswering: client.isAnswering,
    }))
  }

  /** What a mint takes for an amount brought in the fewest coins; of the first mint where none is named. In sats. */
  feeFor(amountSat: number, mint = this.#room.accepted[0]): number {
    const feePpk = this.#room.mints.get(mint ?? '')?.keysets.activeFeePpk ?? 0
    return Math.ceil((fewestCoins(amountSat) * feePpk) / 1000)
  }

  /** Rows to be saved in the transaction that credits a receive; live and after a restart. Register before `resume`. */
  onCredited(purpose: Purpose, handler: PurposeHandler): void {
    this.#receiver.onCredited(purpose, handler)
  }

  /** The same for a receive that the mint refused. */
  onRefused(purpose: Purpose, handler: PurposeHandler): void {
    this.#receiver.onRefused(purpose, handler)
  }

  /**
   * What an ecash is worth here. Nothing is redeemed; the mint is asked only about keysets not known yet.
   * @throws DomainError `cashu_untrusted_source_mint`, `cashu_unit_not_supported`, `invalid_cashu_token`,
   * `cashu_token_swap_fees_exceed_amount`, `cashu_mint_unreachable`
   */
  async inspect(ecash: Ecash): Promise<Inspection> {
    const { mint, faceSat, feeSat, netSat } = await this.#receiver.inspect(ecash)
    return { mint, faceSat, feeSat, netSat }
  }

  /** What first use made of this set of coins, or whether it shares some with another. Reads only. */
  find(
    ecash: Ecash,
  ): Promise<{ kind: 'unknown' } | { kind: 'overlaps' } | { kind: 'known'; operation: ReceiveView }> {
    return this.#receiver.find(ecash)
  }

  /**
   * Takes ecash in, exactly once, however often and by whomever it is presented.
   * @throws DomainError as `inspect`, for ecash never seen before
   */
  receive(request: ReceiveRequest): Promise<ReceiveOutcome> {
    return this.#receiver.receive(request)
  }

  /**
   * In the caller's transaction: takes coins worth exactly this, debits the account, gives the ecash. Undefined when there
   * are none; then `send` has to swap.
   * @throws DomainError `exceeds_credits`
   */
  sendLocal(tx: Tx, send: LocalSend): Promise<string | undefined> {
    return this.#sender.sendLocal(tx, send)
  }

  /**
   * Pays ecash out, by a swap of own coins where none fit; the node bears that fee.
   * @throws DomainError `exceeds_credits`, `cashu_holdings_short`, `cashu_mint_unreachable`, `cashu_operation_needs_attention`
   */
  send(request: SendRequest): Promise<string> {
    return this.#sender.send(request)
  }

  /** The ecash that a reference was given, if its send is done. */
  storedSend(tx: Tx, reference: string): Promise<string | undefined> {
    return this.#sender.stored(tx, reference)
  }

  /** The payout of a reference, done or under way; without its ecash until it is done. */
  findSend(tx: Tx, reference: string): Promise<SendView | undefined> {
    return this.#sender.find(tx, reference)
  }

  /** What was reserved for an owner and not used is anybody's again. */
  releaseReserved(tx: Tx, owner: string): Promise<void> {
    return releaseReserved(tx, owner)
  }

  /** Takes up every operation that a stop left unfinished; returns when each was tried once. */
  async resume(): Promise<void> {
    await this.#runner.resume(await this.#room.storage.read(listRunning))
  }

  /** Books what was spent of the ecash given out. Gives how many coins that were. */
  sweepIssued(): Promise<number> {
    return sweepIssued(this.#room)
  }

  /** What a mint says of every coin that we believe unspent. @throws DomainError `cashu_mint_unreachable` */
  statesAtMint(mint: string): Promise<StateCounts> {
    return countStates(this.#room, getMint(this.#room, mint))
  }

  books(tx: Tx): Promise<Books> {
    return readBooks(tx)
  }

  async close(): Promise<void> {
    await Promise.all([this.#runner.close(), this.#mints.close()])
  }
}

/** Coins are powers of two. */
function fewestCoins(amountSat: number): number {
  return BigInt(amountSat).toString(2).replaceAll('0', '').length
}
