import { createServer } from 'node:http'
import { getTokenMetadata } from '@cashu/cashu-ts'
import { listen, pathOf, stop } from '../wire.ts'
import { hashToPoint } from './curve.ts'
import { Faults } from './faults.ts'
import { encodeEcash, issueProofs, type EcashOptions } from './issue.ts'
import { Keysets } from './keysets.ts'
import { Mint, type ProofState } from './mint.ts'
import { answer } from './routes.ts'
import { serveRequest } from './serve.ts'

export interface PlayMintOptions {
  /** Default `sat`. */
  readonly unit?: string
  /** Further units, each with a keyset of its own. */
  readonly moreUnits?: readonly string[]
  /** Input fee in thousandths of a unit per proof. Default 0. */
  readonly feePpk?: number
  /** Default: any free port. */
  readonly port?: number
  /** Keyset ids of version 1 (`00…`) or 2 (`01…`, commits to unit and fee). Default 2. */
  readonly keysetVersion?: 1 | 2
}

interface MintStats {
  /** Minted in the main unit, by quotes and by `mintEcash`. */
  readonly issuedSat: number
  readonly feesSat: number
  readonly swaps: number
  /** Requests that arrived, executed or not, by path. */
  readonly requests: Readonly<Record<string, number>>
}

export interface PlayMint {
  readonly url: string
  readonly faults: Pick<Faults, 'failNext' | 'setFaults' | 'clear'>
  readonly stats: MintStats
  close(): Promise<void>
  /** Stops to listen (connections are refused) until `comeBack`; the state and the URL stay. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
  /** A new active keyset for a unit; coins of the old one stay spendable. Gives its id. */
  rotate(change?: { feePpk?: number; unit?: string }): string
  /** A new fee; with keyset ids of version 2 this is a rotation. Gives the active id. */
  setFee(feePpk: number): string
  stateOf(y: string): ProofState
  proofsUnspent(ys: readonly string[]): boolean
  /** Marks every coin of a token as spent by somebody else, as pending, or as unspent again. */
  mark(ecash: string, state: ProofState): void
  /** Encoded ecash, fresh and unspent. */
  mintEcash(amount: number, options?: EcashOptions): Promise<string>
}

/** Starts a Cashu mint whose ecash is worth nothing, on 127.0.0.1. NUT-00 to 04, 06, 07, 09, 10, 11 (SIG_INPUTS), 12. */
export async function startPlayMint(options: PlayMintOptions = {}): Promise<PlayMint> {
  const { unit = 'sat', moreUnits = [], feePpk = 0, keysetVersion = 2 } = options
  const mint = new Mint(new Keysets(keysetVersion), unit)
  for (const each of [unit, ...moreUnits]) mint.keysets.rotate(each, feePpk)
  const faults = new Faults()
  const requests: Record<string, number> = {}
  const server = createServer((req, res) => {
    const path = pathOf(req)
    requests[path] = (requests[path] ?? 0) + 1
    const exchange = { req, res, fault: faults.take(path) }
    const execute = answer.bind(undefined, mint)
    // The only rejection is a client that went away while its request was read.
    serveRequest({ ...exchange, execute }).catch(() => res.destroy())
  })
  const url = await listen(server, options.port)
  return {
    url,
    faults,
    get stats() {
      return { ...mint.counts, requests }
    },
    close: () => stop(server),
    goDown: () => stop(server),
    comeBack: async () => {
      await listen(server, Number(new URL(url).port))
    },
    ...operatorOf(mint, unit),
    mintEcash: async (amount, ecashOptions = {}) => issue(mint, { url, unit, amount }, ecashOptions),
  }
}

type Operator = Pick<PlayMint, 'rotate' | 'setFee' | 'stateOf' | 'proofsUnspent' | 'mark'>

function operatorOf(mint: Mint, mainUnit: string): Operator {
  return {
    rotate: ({ unit = mainUnit, feePpk = mint.keysets.activeOf(unit)?.feePpk ?? 0 } = {}) =>
      mint.keysets.rotate(unit, feePpk).id,
    setFee: (feePpk) => mint.keysets.setFee(mainUnit, feePpk).id,
    stateOf: (y) => mint.check(y).state,
    proofsUnspent: (ys) => ys.every((y) => mint.check(y).state === 'UNSPENT'),
    mark: (ecash, state) => {
      const { incompleteProofs } = getTokenMetadata(ecash)
      const ys = incompleteProofs.map((proof) => hashToPoint(proof.secret).toString('hex'))
      mint.mark(ys, state)
    },
  }
}

function issue(
  mint: Mint,
  asked: { url: string; unit: string; amount: number },
  options: EcashOptions,
): string {
  const { unit = asked.unit } = options
  const keyset = mint.keysets.activeOf(unit)
  if (!keyset) throw new Error(`The mint has no keyset of the unit ${unit}; start it with moreUnits`)
  const proofs = issueProofs(keyset, asked.amount, options)
  mint.countIssued(unit, asked.amount)
  return encodeEcash({ mint: asked.url, unit, proofs }, options)
}
