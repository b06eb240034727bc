import { type AccountId, transfer } from '../ledger/index.ts'
import { DomainError, failpoint, newId, SingleFlight } from '../lib/index.ts'
import { satToMsat, subMsat, ZERO } from '../money/index.ts'
import type { Tx } from '../storage/index.ts'
import { isProofDleqValid } from './curve/dleq.ts'
import type { Ecash } from './ecash/ecash.ts'
import { feeOfInputs } from './mint/keysets.ts'
import type { Mint } from './mint/mint.ts'
import { type Plan, planSwap } from './operations/plan.ts'
import type { Runner } from './operations/runner.ts'
import type { Endings, Refusal, Signed } from './operations/swap-run.ts'
import { feeExceedsEcash, foreignMint, invalidEcash, needsAttention, undecided } from './problems.ts'
import { getMint, type Room } from './room.ts'
import type { Keyset } from './store/keyset-store.ts'
import * as operations from './store/operation-store.ts'
import type { Operation, Purpose } from './store/operation-store.ts'
import { insertProof } from './store/proof-store.ts'

/** A receive as others see it: `done` is credited. */
export type ReceiveView = Operation & { readonly kind: 'receive' }

export interface ReceiveRequest {
  readonly ecash: Ecash
  readonly purpose: Purpose
  /** Who is credited; a function opens the account in the transaction that saves the operation. */
  readonly accountId: AccountId | ((tx: Tx, operationId: string) => Promise<AccountId>)
  /** Rows that must be saved together with the operation, before the mint is asked. */
  readonly claim?: (tx: Tx, operationId: string) => Promise<void>
  /** The coins stay set aside for this owner until they are sent or released. */
  readonly reserveFor?: string
}

export type ReceiveOutcome =
  | {
      readonly kind: 'credited'
      readonly operation: ReceiveView
      readonly netSat: number
      readonly feeSat: number
    }
  | {
      readonly kind: 'refused'
      readonly operation: ReceiveView
      readonly code: string
      readonly message: string
    }
  /** Not known yet; `error` is what to answer (503 with `Retry-After`). It goes on in the background. */
  | { readonly kind: 'pending'; readonly operation: ReceiveView; readonly error: DomainError }
  /** Some of its coins were presented before, in another ecash. */
  | { readonly kind: 'overlaps' }
  /** First use made something else of it: another purpose or another account. */
  | { readonly kind: 'exists'; readonly operation: ReceiveView }

export interface Inspection {
  readonly mint: string
  readonly faceSat: number
  /** What the mint takes for the swap; the payer bears it. */
  readonly feeSat: number
  readonly netSat: number
}

export type PurposeHandler = (tx: Tx, operation: ReceiveView) => Promise<void>

/** More DLEQ proofs than this are left to the mint: they cost the event loop 2 ms each, and only save it a request. */
const DLEQ_MAX = 16

/** Ecash in: claims it, swaps it, credits it. One object for the life of the node. */
export class Receiver {
  readonly #room: Room
  readonly #runner: () => Runner
  readonly #claims = new SingleFlight<ReceiveView | undefined>()
  readonly #credited = new Map<Purpose, PurposeHandler>()
  readonly #refused = new Map<Purpose, PurposeHandler>()
  /** Operations saved by this run of the process, whose request was not sent yet. */
  readonly #fresh = new Set<string>()

  constructor(room: Room, runner: () => Runner) {
    this.#room = room
    this.#runner = runner
  }

  onCredited(purpose: Purpose, handler: PurposeHandler): void {
    this.#credited.set(purpose, handler)
  }

  onRefused(purpose: Purpose, handler: PurposeHandler): void {
    this.#refused.set(purpose, handler)
  }

  async inspect(ecash: Ecash): Promise<Inspection & { keysets: ReadonlyMap<string, Keyset> }> {
    const { accepted, mints } = this.#room
    const mint = accepted.includes(ecash.mint) ? mints.get(ecash.mint) : undefined
    if (!mint) throw foreignMint(ecash.mint, accepted)
    const keysets = await mint.keysets.resolve(ecash.proofs.map(({ keysetId }) => keysetId))
    if (ecash.proofs.some(({ keysetId, amountSat }) => !keysets.get(keysetId)?.keys.has(amountSat)))
      throw invalidEcash('its mint has no key for one of its amounts')
    const feeSat = feeOfInputs(ecash.proofs.flatMap(({ keysetId }) => keysets.get(keysetId) ?? []))
    const netSat = ecash.faceSat - feeSat
    if (netSat <= 0) throw feeExceedsEcash(ecash.faceSat, feeSat)
    return { mint: mint.url, faceSat: ecash.faceSat, feeSat, netSat, keysets }
  }

  async receive(request: ReceiveRequest): Promise<ReceiveOutcome> {
    const { ecash, purpose, accountId } = request
    const operation = await this.#claims.run(ecash.ecashId, () => this.#claim(request))
    if (!operation) return { kind: 'overlaps' }
    const isSame =
      operation.purpose === purpose && (typeof accountId === 'function' || accountId === operation.accountId)
    return isSame ? this.#outcomeOf(operation) : { kind: 'exists', operation }
  }

  async #outcomeOf(operation: ReceiveView): Promise<ReceiveOutcome> {
    const { storage, waitMs } = this.#room
    let now = operation
    if (operation.state === 'saved') {
      const from = this.#fresh.delete(operation.id) ? 'saved' : 'repeated'
      // One that broke off, or that ended a moment ago, is judged by what is saved of it; the runner has told why.
      await this.#runner()
        .decide(operation.id, { from, waitMs })
        .catch(() => undefined)
      now = (await storage.read((tx) => findReceive(tx, operation.id))) ?? operation
    }
    const { netSat, feeSat, failure } = now
    if (now.state === 'done') return { kind: 'credited', operation: now, netSat, feeSat }
    if (now.state === 'refused') {
      const { code = 'cashu_token_redemption_failed', message = '' } = failure ?? {}
      return { kind: 'refused', operation: now, code, message }
    }
    const error = now.state === 'attention' ? needsAttention(now.mint) : undecided(now.mint)
    return { kind: 'pending', operation: now, error }
  }

  /** The operation of an ecash: the one that is there, or a new one, saved. Undefined when its coins overlap another. */
  async #claim(request: ReceiveRequest): Promise<ReceiveView | undefined> {
    const { ecash } = request
    const known = await this.find(ecash)
    if (known.kind === 'known') return known.operation
    if (known.kind === 'overlaps') return undefined
    const terms = await this.inspect(ecash)
    checkDleqs(ecash, terms.keysets)
    const mint = getMint(this.#room, terms.mint)
    const plan = await planReceive(ecash, { ...terms, mint })
    failpoint('receive.planned')
    const operation = await this.#save(request, plan)
    if (operation?.state === 'saved') failpoint('receive.saved')
    return operation
  }

  async #save(request: ReceiveRequest, plan: Plan): Promise<ReceiveView | undefined> {
    const { storage } = this.#room
    const id = newId('receive', this.#room.clock.now())
    this.#fresh.add(id)
    try {
      return await storage.transact((tx) => this.#insert(tx, { id, request, plan }))
    } catch (error) {
      this.#fresh.delete(id)
      if (error instanceof DomainError && error.code === 'cashu_ecash_overlaps') return undefined
      throw error
    }
  }

  async #insert(tx: Tx, args: { id: string; request: ReceiveRequest; plan: Plan }): Promise<ReceiveView> {
    const { id, request, plan } = args
    const { ecash, purpose, accountId, claim, reserveFor } = request
    const feeSat = plan.sets[0]?.feeSat ?? 0
    await operations.claimSeen(tx, plan.ys, id)
    await operations.insertOperation(tx, this.#room.vault, {
      id,
      kind: 'receive',
      mint: ecash.mint,
      accountId: typeof accountId === 'function' ? await accountId(tx, id) : accountId,
      ecashId: ecash.ecashId,
      purpose,
      ...(reserveFor !== undefined && { owner: reserveFor }),
      faceSat: ecash.faceSat,
      feeSat,
      netSat: ecash.faceSat - feeSat,
      createdAt: this.#room.clock.now(),
      plan,
    })
    await claim?.(tx, id)
    const saved = await findReceive(tx, id)
    if (!saved) throw new Error('an operation is there once it is inserted')
    return saved
  }

  async find(
    ecash: Ecash,
  ): Promise<{ kind: 'unknown' } | { kind: 'overlaps' } | { kind: 'known'; operation: ReceiveView }> {
    return this.#room.storage.read(async (tx) => {
      const operation = await operations.findByEcash(tx, ecash.ecashId)
      if (operation) return { kind: 'known', operation: asReceive(operation) }
      const ys = ecash.proofs.map(({ y }) => y)
      return (await operations.isAnySeen(tx, ys)) ? { kind: 'overlaps' } : { kind: 'unknown' }
    })
  }

  readonly endings: Endings = {
    commit: (operation, signed) => this.#commit(operation, signed),
    refuse: (operation, plan, refusal) => this.#refuse(operation, { plan, refusal }),
    flag: (operation) => flagOperation(this.#room, operation),
    savePlan: (id, plan) =>
      this.#room.storage.transact((tx) => operations.replacePlan(tx, this.#room.vault, { id, plan })),
  }

  /** The credit, the coins and the operation's state, in one transaction, once. */
  async #commit(operation: Operation, { set, proofs }: Signed): Promise<void> {
    const { storage, vault, clock } = this.#room
    const { id, mint, owner, faceSat, accountId, purpose } = operation
    const { accounts } = getMint(this.#room, mint)
    const [feeSat, netSat] = [set.feeSat, faceSat - set.feeSat]
    await storage.transact(async (tx) => {
      const at = clock.now()
      const ended = await operations.endOperation(tx, vault, { id, state: 'done', feeSat, netSat, at })
      if (!ended) return
      const state = owner === undefined ? 'ready' : 'reserved'
      for (const proof of proofs) await insertProof(tx, vault, { proof, mint, state, owner })
      const amount = satToMsat(netSat)
      const entries = [
        { account: accounts.held, amount: subMsat(ZERO, amount) },
        { account: accountId, amount },
      ]
      await transfer(tx, { reference: id, reason: 'receive', entries, at })
      if (purpose) await this.#credited.get(purpose)?.(tx, asReceive(ended))
    })
  }

  async #refuse(
    operation: Operation,
    { plan, refusal }: { plan: Plan; refusal: Refusal },
  ): Promise<'committed'> {
    const { storage, vault, clock } = this.#room
    const { id, feeSat, netSat, purpose } = operation
    await storage.transact(async (tx) => {
      const failure = failureOf(refusal)
      const ended = await operations.endOperation(tx, vault, {
        id,
        state: 'refused',
        feeSat,
        netSat,
        failure,
        at: clock.now(),
      })
      if (!ended) return
      if (!refusal.isSpent) await operations.freeEcash(tx, id, plan.ys)
      if (purpose) await this.#refused.get(purpose)?.(tx, asReceive(ended))
    })
    return 'committed'
  }
}

/** Somebody has to look at it; the plan is kept. */
export async function flagOperation(
  room: Room,
  { id, kind, mint, feeSat, netSat }: Operation,
): Promise<void> {
  await room.storage.transact((tx) =>
    operations.endOperation(tx, room.vault, { id, state: 'attention', feeSat, netSat, at: room.clock.now() }),
  )
  room.onEvent('cashu_operation_needs_attention', { operation: id, kind, mint })
}

function checkDleqs(ecash: Ecash, keysets: ReadonlyMap<string, Keyset>): void {
  if (ecash.proofs.length > DLEQ_MAX) return
  for (const { dleq, secret, C, keysetId, amountSat } of ecash.proofs) {
    const key = keysets.get(keysetId)?.keys.get(amountSat)
    if (!dleq || key === undefined) continue
    if (!isProofDleqValid(dleq, { secret, C, key: Buffer.from(key, 'hex') }))
      throw invalidEcash('its proof of the mint’s signature (DLEQ) is wrong')
  }
}

async function planReceive(
  ecash: Ecash,
  terms: { mint: Mint; feeSat: number; keysets: ReadonlyMap<string, Keyset> },
): Promise<Plan> {
  const { mint, feeSat, keysets } = terms
  const inputs = ecash.proofs.map(({ amountSat, keysetId, secret, C }) => ({
    amount: amountSat,
    id: keysets.get(keysetId)?.id ?? keysetId,
    secret,
    C,
  }))
  const ys = ecash.proofs.map(({ y }) => y)
  return planSwap({ mint: mint.url, inputs, ys, feeSat, keyset: await mint.keysets.active(), sendSat: 0 })
}

function failureOf({ isSpent, code }: Refusal): { code: string; message: string } {
  if (isSpent) {
    return {
      code: 'cashu_token_already_spent',
      message: 'This ecash was spent before, and not here. Nothing was credited.',
    }
  }
  const isForged = code === 10001 || code === 11007 || code === 20008
  return {
    code: isForged ? 'invalid_cashu_token' : 'cashu_token_redemption_failed',
    message: `The mint refused this ecash (code ${code}). Nothing was credited, and it was not spent.`,
  }
}

async function findReceive(tx: Tx, id: string): Promise<ReceiveView | undefined> {
  const operation = await operations.findOperation(tx, id)
  return operation && asReceive(operation)
}

function asReceive(operation: Operation): ReceiveView {
  const { kind } = operation
  if (kind !== 'receive') throw new Error(`${operation.id} is no receive`)
  return { ...operation, kind }
}
