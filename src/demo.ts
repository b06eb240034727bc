import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from './app.ts'
import { askMints, type NodeBooks, readBooks } from './books.ts'
import {
  heading,
  type Ink,
  type Line,
  plainInk,
  type PlayMint,
  showStep,
  showSum,
  snippets,
  startPlayMint,
  startUpstream,
  takeTour,
  terminalInk,
} from './demo/index.ts'
import { heldFor } from './ledger/index.ts'
import { negMsat } from './money/index.ts'

const MODEL = 'gpt-4o-mini'
const FEE_PPK = 100
const BTC_USD_CENTS = 10_000_000n
const MARGIN_BP = 1000
const LIVE_SAT = 1024
const JSON_SAT = 1000
const USAGE = 'Usage: farebox demo [--once | --json]'

const ANSWERS: Readonly<Record<string, string>> = {
  'What does a fare box do?':
    'It takes your coins as you board, shows that you paid, and asks nobody for a name.',
  'And where do the coins go?':
    'To their mint, which swaps them for new ones. From then on nobody else can spend them.',
  'May I have my change?': 'It is in the X-Cashu header of this very reply.',
  'Does this work with any SDK?':
    'Yes. Give it the base URL and put ecash, or the key you got for it, in as the API key.',
}

/** A node on play money: the mint, the upstream and the data are its own and go when it closes. */
interface Stage extends AsyncDisposable {
  readonly app: App
  readonly baseUrl: string
  readonly mint: PlayMint
}

async function setStage(): Promise<Stage> {
  const mint = await startPlayMint({ feePpk: FEE_PPK })
  const key = 'sk-the-operators-own-key'
  const upstream = await startUpstream({ key, answer: (prompt) => ANSWERS[prompt] ?? `You said: ${prompt}` })
  const dataDir = mkdtempSync(join(tmpdir(), 'farebox-demo-'))
  const app = await App.open({
    dataDir,
    mints: [mint.url],
    upstreams: [
      {
        id: 'double',
        type: 'openai',
        url: upstream.url,
        key,
        prices: 'openai',
        marginBp: undefined,
        order: 0,
      },
    ],
    marginBp: MARGIN_BP,
    btcUsd: { centsPerBtc: BTC_USD_CENTS },
    profile: { name: 'Farebox demo', description: 'Play money, real protocol' },
  })
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    baseUrl,
    mint,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await upstream.close()
      await mint.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** `farebox demo`: the receipt, then a live node. @returns the exit code */
export async function demo(args: readonly string[]): Promise<number> {
  const [flag, ...rest] = args
  const isKnown = flag === undefined || flag === '--once' || flag === '--json'
  if (!isKnown || rest.length > 0) {
    console.error(`There is no demo ${args.join(' ')}. ${USAGE}`)
    return 2
  }
  const stopped = stopSignal()
  await using stage = await setStage()
  if (flag === '--json') {
    console.log(JSON.stringify(await live(stage, JSON_SAT)))
    await stopped
    return 0
  }
  const isTerminal = process.stdout.isTTY && process.stdout.hasColors()
  const isBalanced = await printReceipt(stage, isTerminal ? terminalInk : plainInk)
  if (flag === '--once') return isBalanced ? 0 : 1
  await printLive(stage, isTerminal ? terminalInk : plainInk)
  await stopped
  return isBalanced ? 0 : 1
}

async function printReceipt({ app, baseUrl, mint }: Stage, ink: Ink): Promise<boolean> {
  const { storage } = app.rooms
  console.log(heading('Farebox', 'an AI gateway paid per request · play money, real protocol', ink))
  console.log(`node ${baseUrl} · mint ${mint.url} · model ${MODEL}`)
  console.log(`1 BTC = $${BTC_USD_CENTS / 100n} · margin ${MARGIN_BP / 100} % · all amounts in sat\n`)
  const steps = takeTour({
    baseUrl,
    model: MODEL,
    feePpk: FEE_PPK,
    mintEcash: (amount) => mint.mintEcash(amount),
    heldFor: async (callId) => {
      const found = await storage.read((tx) => heldFor(tx, callId))
      if (!found) throw new Error(`The ledger knows no call ${callId}`)
      return { held: found.held, charge: found.charge ?? 0n }
    },
  })
  let number = 0
  for await (const step of steps) console.log(`${showStep(step, (number += 1), ink)}\n`)
  const { text, isBalanced } = await reportBooks(app.rooms, ink)
  console.log(text)
  return isBalanced
}

/** The two sides of a node's books, and what does not add up, as they are printed. */
export async function reportBooks(
  rooms: App['rooms'],
  ink: Ink = plainInk,
): Promise<{ text: string; isBalanced: boolean }> {
  const word = await askMints(rooms)
  const books = await readBooks(rooms)
  const differences = [...books.differences, ...word.differences]
  const isBalanced = differences.length === 0
  const note = `${word.unspent} coins, UNSPENT says the mint`
  const text = [
    heading('The books', 'two sides from two sources, to the thousandth of a sat', ink),
    showSum(flowLines(books), { label: 'ecash at the mint', msat: books.held, note }, ink),
    '',
    showSum(owedLines(books), { label: 'owed and earned', msat: owed(books) }, ink),
    '',
    ...differences.map((difference) => ink.bad(` ✗ ${difference}`)),
    isBalanced ? ink.good(' ✓ The books balance.') : ink.bad(' ✗ The books do not balance.'),
  ].join('\n')
  return { text, isBalanced }
}

function flowLines(books: NodeBooks): Line[] {
  return [
    { label: 'ecash taken in', msat: books.faceIn },
    { label: 'the mint’s fees', msat: negMsat(books.inputFees) },
    { label: 'ecash given out and spent', msat: negMsat(books.faceOut) },
  ]
}

function owedLines(books: NodeBooks): Line[] {
  return [
    { label: 'wallets of customers', msat: books.wallets },
    { label: 'given out, not yet spent', msat: books.unclaimed, note: 'change and withdrawals' },
    { label: 'revenue', msat: books.revenue },
    { label: 'rounding', msat: books.rounding },
    { label: 'fees the node bore', msat: negMsat(books.feesBorne) },
  ]
}

function owed(books: NodeBooks): bigint {
  return owedLines(books).reduce((sum, { msat }) => sum + msat, 0n)
}

async function printLive(stage: Stage, ink: Ink): Promise<void> {
  const { baseUrl, model, token } = await live(stage, LIVE_SAT)
  console.log(`\n${heading('Your turn', `the node stays up, and this ecash is worth ${LIVE_SAT} sat`, ink)}`)
  for (const { title, code } of snippets({ baseUrl, model, ecash: token })) {
    console.log(`\n${ink.bold(title)}\n${code}`)
  }
  console.log(`\n${ink.faint(`In a browser: ${baseUrl}/ · Ctrl-C ends it and takes its data away.`)}`)
}

interface LiveNode {
  readonly baseUrl: string
  readonly mintUrl: string
  readonly token: string
  readonly model: string
}

async function live({ baseUrl, mint }: Stage, amount: number): Promise<LiveNode> {
  // Without the mint's proofs (DLEQ), so that it is short enough to paste.
  return { baseUrl, mintUrl: mint.url, token: await mint.mintEcash(amount, { dleq: false }), model: MODEL }
}

/** A signal, or a reader who went away (`farebox demo | head`). */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    // Not `once`: one Ctrl-C can come twice, from npm and from the terminal, and the second must not break off the end.
    process.on('SIGTERM', () => resolve())
    process.on('SIGINT', () => resolve())
    process.stdout.on('error', () => resolve())
  })
}

if (import.meta.main) process.exitCode = await demo(process.argv.slice(2))
