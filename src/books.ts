import type { Books } from './cashu/index.ts'
import type { NodeRooms } from './http/index.ts'
import { type TrialBalance, trialBalance } from './ledger/index.ts'
import { type Msat, msat, satToMsat } from './money/index.ts'

/**
 * The books of a node, in msat: face in − input fees − face out = held = wallets + unclaimed change + revenue + rounding −
 * fees the node bore. The left side is added up from coins and operations, the right side from the ledger's entries.
 */
export interface NodeBooks {
  readonly faceIn: Msat
  /** What the mints took for swaps. */
  readonly inputFees: Msat
  /** Given out and seen spent. */
  readonly faceOut: Msat
  /** Our coins at the mints, with those given out and not yet seen spent. */
  readonly held: Msat
  /** How many coins those are, by mint. */
  readonly coins: ReadonlyMap<string, number>
  readonly wallets: Msat
  /** One-shot payments that run, and ecash given out as change, refund or withdrawal that nobody spent yet. */
  readonly unclaimed: Msat
  readonly revenue: Msat
  readonly rounding: Msat
  /** Input fees of our own sends. */
  readonly feesBorne: Msat
  /** What does not add up, as sentences; empty when everything does. */
  readonly differences: readonly string[]
  readonly isBalanced: boolean
}

type BookRooms = Pick<NodeRooms, 'storage' | 'cashu'>

/** Adds the books up from two independent sources, at one moment. Reads everything; not for the hot path. */
export async function readBooks({ storage, cashu }: BookRooms): Promise<NodeBooks> {
  // In a transaction, so that both are read at the same commit.
  const { books, trial } = await storage.transact(async (tx) => ({
    books: await cashu.books(tx),
    trial: await trialBalance(tx),
  }))
  const lines = { ...coinLines(books), ...ledgerLines(trial) }
  const differences = differencesOf(lines, { books, trial })
  return { ...lines, differences, isBalanced: differences.length === 0 }
}

function coinLines({
  perMint,
}: Books): Pick<NodeBooks, 'faceIn' | 'inputFees' | 'faceOut' | 'held' | 'coins'> {
  const sum = (of: (at: Books['perMint'][number]) => number): Msat =>
    satToMsat(perMint.reduce((total, at) => total + of(at), 0))
  return {
    faceIn: sum((at) => at.faceInSat),
    inputFees: sum((at) => at.inputFeesSat),
    faceOut: sum((at) => at.faceOutSat),
    held: sum((at) => at.heldSat + at.issuedSat),
    coins: new Map(perMint.map(({ mint, coins }) => [mint, coins])),
  }
}

type LedgerLine = 'wallets' | 'unclaimed' | 'revenue' | 'rounding' | 'expenses' | 'assets'

/** Which line an account belongs to, by the beginning of its code. */
const LINES: readonly (readonly [prefix: string, line: LedgerLine])[] = [
  ['wallet:', 'wallets'],
  ['payment:', 'unclaimed'],
  ['liability:issued:', 'unclaimed'],
  ['income:usage', 'revenue'],
  ['income:rounding', 'rounding'],
  ['expense:mint_fees', 'expenses'],
  ['asset:held:', 'assets'],
  ['asset:issued:', 'assets'],
]

function ledgerLines({
  byAccount,
}: TrialBalance): Pick<NodeBooks, 'wallets' | 'unclaimed' | 'revenue' | 'rounding' | 'feesBorne'> {
  const sums: Record<LedgerLine, bigint> = {
    wallets: 0n,
    unclaimed: 0n,
    revenue: 0n,
    rounding: 0n,
    expenses: 0n,
    assets: 0n,
  }
  for (const [code, entered] of byAccount) {
    const line = lineOf(code)
    if (line) sums[line] += entered
  }
  return {
    wallets: msat(sums.wallets),
    unclaimed: msat(sums.unclaimed),
    revenue: msat(sums.revenue),
    rounding: msat(sums.rounding),
    feesBorne: msat(-sums.expenses),
  }
}

function lineOf(code: string): LedgerLine | undefined {
  return LINES.find(([prefix]) => code.startsWith(prefix))?.[1]
}

function differencesOf(
  lines: Omit<NodeBooks, 'differences' | 'isBalanced'>,
  { books, trial }: { books: Books; trial: TrialBalance },
): string[] {
  const { faceIn, inputFees, faceOut, held, wallets, unclaimed, revenue, rounding, feesBorne } = lines
  const flow = faceIn - inputFees - faceOut
  const owed = wallets + unclaimed + revenue + rounding - feesBorne
  const strangers = [...trial.byAccount].filter(([code, sum]) => sum !== 0n && !lineOf(code))
  const found: [isWrong: boolean, sentence: string][] = [
    [flow !== held, `Face in less fees and face out is ${flow} msat, the coins held are ${held} msat.`],
    [owed !== held, `Owed and earned are ${owed} msat, the coins held are ${held} msat.`],
    [!books.isBalanced, 'The flows of one mint do not match its coins.'],
    [trial.sum !== 0n, `The entries of the ledger sum to ${trial.sum} msat instead of zero.`],
    [trial.wrongAccounts.length > 0, `Kept balances are wrong: ${trial.wrongAccounts.join(', ')}.`],
    [trial.wrongHolds > 0, `${trial.wrongHolds} holds do not match their entries.`],
    [strangers.length > 0, `Accounts stand in no line: ${strangers.map(([code]) => code).join(', ')}.`],
    [books.needAttention > 0, `${books.needAttention} operations need somebody's attention.`],
  ]
  return found.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)
}

/** What the mints themselves say of the coins in the books (NUT-07). */
interface MintsWord {
  readonly unspent: number
  /** Sentences about every mint that does not agree; empty when all do. */
  readonly differences: readonly string[]
}

/**
 * Books what was spent of the ecash given out, then has the mints countersign the rest.
 * @throws DomainError `cashu_mint_unreachable`
 */
export async function askMints(rooms: BookRooms): Promise<MintsWord> {
  await rooms.cashu.sweepIssued()
  const { coins } = await readBooks(rooms)
  let unspent = 0
  const differences: string[] = []
  for (const [mint, count] of coins) {
    const states = await rooms.cashu.statesAtMint(mint)
    unspent += states.unspent
    if (states.unspent === count) continue
    differences.push(
      `The books hold ${count} coins of ${mint}; it calls ${states.unspent} unspent, ${states.spent} spent, ${states.pending} pending.`,
    )
  }
  return { unspent, differences }
}
