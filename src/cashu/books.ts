import { sql, tablesOf, type Tx } from '../storage/index.ts'
import type { CashuTables } from './store/tables.ts'

/** What came in and went out at one mint, in whole sats of face value. */
interface MintBooks {
  readonly mint: string
  /** All ecash that was credited. */
  readonly faceInSat: number
  /** What the mint took for swaps: of what came in (borne by the payers), and of what was sent (borne by the node). */
  readonly inputFeesSat: number
  /** Our coins: ready or reserved. */
  readonly heldSat: number
  /** How many coins those and the issued ones are: all that the mint has to call unspent. */
  readonly coins: number
  /** Given out, not seen spent. */
  readonly issuedSat: number
  /** Given out and seen spent. */
  readonly faceOutSat: number
}

export interface Books {
  readonly perMint: readonly MintBooks[]
  /** Operations under way, and those that somebody has to look at. */
  readonly running: number
  readonly needAttention: number
  /** face in − fees = held + issued + face out, at every mint. */
  readonly isBalanced: boolean
}

/** Adds up the rows of operations and coins, without a look at the ledger. */
export async function readBooks(tx: Tx): Promise<Books> {
  const tables = tablesOf<CashuTables>(tx)
  const flows = await sql<Flow>`
    SELECT mint, sum(iif(kind = 'receive', face_sat, 0)) AS face, sum(fee_sat) AS fees
    FROM operation WHERE state = 'done' GROUP BY mint`.execute(tables)
  const stocks = await sql<Stock>`
    SELECT mint, sum(iif(state IN ('ready', 'reserved'), amount_sat, 0)) AS held,
      sum(iif(state = 'issued', amount_sat, 0)) AS issued, sum(iif(state = 'spent', amount_sat, 0)) AS out,
      sum(state IN ('ready', 'reserved', 'issued')) AS coins
    FROM proof GROUP BY mint`.execute(tables)
  const states = await sql<{ state: string; count: bigint }>`
    SELECT state, count(*) AS count FROM operation WHERE state IN ('saved', 'attention') GROUP BY state`.execute(
    tables,
  )
  const mints = [...new Set([...flows.rows, ...stocks.rows].map(({ mint }) => mint))].toSorted()
  const perMint = mints.map((mint) =>
    toBooks(
      flows.rows.find((row) => row.mint === mint) ?? { mint, face: 0n, fees: 0n },
      stocks.rows.find((row) => row.mint === mint) ?? { mint, held: 0n, issued: 0n, out: 0n, coins: 0n },
    ),
  )
  const count = (state: string): number => Number(states.rows.find((row) => row.state === state)?.count ?? 0n)
  return {
    perMint,
    running: count('saved'),
    needAttention: count('attention'),
    isBalanced: perMint.every(
      (at) => at.faceInSat - at.inputFeesSat === at.heldSat + at.issuedSat + at.faceOutSat,
    ),
  }
}

interface Flow {
  readonly mint: string
  readonly face: bigint
  readonly fees: bigint
}
interface Stock {
  readonly mint: string
  readonly held: bigint
  readonly issued: bigint
  readonly out: bigint
  readonly coins: bigint
}

function toBooks(flow: Flow, stock: Stock): MintBooks {
  return {
    mint: flow.mint,
    faceInSat: Number(flow.face),
    inputFeesSat: Number(flow.fees),
    heldSat: Number(stock.held),
    coins: Number(stock.coins),
    issuedSat: Number(stock.issued),
    faceOutSat: Number(stock.out),
  }
}
