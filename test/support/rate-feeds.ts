import { createServer, type ServerResponse } from 'node:http'
import { type Feed, FEEDS } from '../../src/catalog/index.ts'
import { type Listening, listening } from './listening.ts'

/** Every feed's JSON for a price, as the real one writes it. `at` is unix seconds. */
const SHAPES: Readonly<Record<string, (usd: string, at: number) => string>> = {
  kraken: (usd) => `{"error":[],"result":{"XXBTZUSD":{"a":["1","1","1"],"c":["${usd}","0.01"]}}}`,
  coinbase: (usd, at) =>
    `{"ask":"1","price":"${usd}","time":"${new Date(at * 1000).toISOString().replace('Z', '000Z')}"}`,
  bitstamp: (usd, at) => `{"timestamp":"${at}","last":"${usd}","bid":"1"}`,
  bitfinex: (usd) => `[1,2,3,4,5,6,${usd},8,9,10]`,
  gemini: (usd) => `{"bid":"1","last":"${usd}","volume":{"timestamp":1}}`,
  'blockchain.com': (usd) => `{"ARS":{"last":1},"USD":{"15m":1,"last":${usd},"symbol":"USD"}}`,
  'mempool.space': (usd, at) => `{"time":${at},"USD":${usd},"EUR":1}`,
}

export type Usd = `${number}`

/** What a feed does when it is asked. A number as text is a price that it says, in its own shape. */
export type Manner =
  | Usd
  | { readonly body: string; readonly status?: number; readonly headers?: Record<string, string> }
  | 'late'
  | 'half'
  | 'endless'
  | 'reset'

interface FeedDouble {
  readonly name: string
  manner: Manner
  /** Unix seconds that it says its price is of. */
  at: () => number
  /** How often it was asked. */
  asked: number
  /** The most connections that were open at once. */
  mostSockets: number
}

export interface RateFeeds extends AsyncDisposable {
  readonly feeds: readonly Feed[]
  readonly doubles: readonly FeedDouble[]
  double(name: string): FeedDouble
  /** All of them say so from now on. */
  say(usd: Usd): void
  asked(): number
}

/** Doubles of all public feeds, each an HTTP server of its own, read by the readers of the real ones. */
export async function startRateFeeds(usd: Usd, nowMs: () => number = Date.now): Promise<RateFeeds> {
  const doubles: FeedDouble[] = []
  const servers: Listening[] = []
  const feeds: Feed[] = []
  for (const feed of FEEDS) {
    const at = (): number => Math.floor(nowMs() / 1000)
    const double: FeedDouble = { name: feed.name, manner: usd, at, asked: 0, mostSockets: 0 }
    const server = await listen(double)
    doubles.push(double)
    servers.push(server)
    feeds.push({ ...feed, url: `${server.url}/${feed.name}` })
  }
  return {
    feeds,
    doubles,
    double: (name) => doubles.find((one) => one.name === name) ?? missing(name),
    say: (text) => {
      for (const double of doubles) double.manner = text
    },
    asked: () => doubles.reduce((sum, { asked }) => sum + asked, 0),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

function listen(double: FeedDouble): Promise<Listening> {
  let open = 0
  const server = createServer((request, response) => {
    double.asked += 1
    if (request.url === '/elsewhere') response.end(shape(double, '100000.00'))
    else answer(double, response)
  })
  server.on('connection', (socket) => {
    open += 1
    double.mostSockets = Math.max(double.mostSockets, open)
    socket.once('close', () => (open -= 1))
  })
  return listening(server)
}

function answer(double: FeedDouble, response: ServerResponse): void {
  const { manner } = double
  if (typeof manner === 'object') {
    response.writeHead(manner.status ?? 200, manner.headers).end(manner.body)
  } else if (manner === 'late') {
    // Not answered; the asker hangs up.
  } else if (manner === 'half') response.writeHead(200).write(shape(double, '100000.00').slice(0, 12))
  else if (manner === 'endless') flood(response)
  else if (manner === 'reset') response.socket?.resetAndDestroy()
  else response.end(shape(double, manner))
}

function flood(response: ServerResponse): void {
  const more = (): void => {
    if (!response.destroyed) response.write(' '.repeat(8192), () => setImmediate(more))
  }
  more()
}

function shape({ name, at }: FeedDouble, usd: string): string {
  return SHAPES[name]?.(usd, at()) ?? missing(name)
}

function missing(name: string): never {
  throw new Error(`no feed ${name}`)
}
