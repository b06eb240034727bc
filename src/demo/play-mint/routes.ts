import { describeKeyset, publicKeys, type Keyset } from './keysets.ts'
import { type Mint } from './mint.ts'
import { MintError } from './mint-error.ts'
import { readMint, readQuote, readRestore, readStates, readSwap } from './shapes.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

type Route = (mint: Mint, body: string) => unknown

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/info': info,
  'GET /v1/keys': ({ keysets }) => ({
    keysets: keysets
      .all()
      .filter((keyset) => keyset.active)
      .map(withKeys),
  }),
  'GET /v1/keysets': ({ keysets }) => ({ keysets: keysets.all().map(describeKeyset) }),
  'POST /v1/swap': (mint, body) => mint.swap(readSwap(body)),
  'POST /v1/checkstate': (mint, body) => ({ states: readStates(body).Ys.map((y) => mint.check(y)) }),
  'POST /v1/restore': (mint, body) => mint.restore(readRestore(body).outputs),
  'POST /v1/mint/quote/bolt11': (mint, body) => mint.createQuote(readQuote(body)),
  'POST /v1/mint/bolt11': (mint, body) => mint.mint(readMint(body)),
}

const KEYS_OF = 'GET /v1/keys/'
const QUOTE_OF = 'GET /v1/mint/quote/bolt11/'

/** Executes a request (`call` as `POST /v1/swap`). Never throws: a refusal is an answer too. */
export function answer(mint: Mint, call: string, body: string): Answer {
  try {
    const result = execute(mint, call, body)
    return result === undefined
      ? { status: 404, body: { detail: 'Not Found' } }
      : { status: 200, body: result }
  } catch (error) {
    if (error instanceof MintError)
      return { status: error.status, body: { detail: error.message, code: error.code } }
    return { status: 500, body: { detail: String(error), code: 0 } }
  }
}

function execute(mint: Mint, call: string, body: string): unknown {
  if (call.startsWith(KEYS_OF)) return { keysets: [withKeys(mint.keysets.get(call.slice(KEYS_OF.length)))] }
  if (call.startsWith(QUOTE_OF)) return mint.quote(call.slice(QUOTE_OF.length))
  return ROUTES[call]?.(mint, body)
}

function withKeys(keyset: Keyset): Record<string, unknown> {
  return { ...describeKeyset(keyset), keys: publicKeys(keyset.keys) }
}

/** NUT-06. */
function info({ keysets }: Mint): Record<string, unknown> {
  const units = [...new Set(keysets.all().map((keyset) => keyset.unit))]
  const methods = units.map((unit) => ({ method: 'bolt11', unit, min_amount: 1, max_amount: 2 ** 31 }))
  const supported = Object.fromEntries([7, 9, 10, 11, 12].map((nut) => [nut, { supported: true }]))
  return {
    name: 'Play money',
    version: 'play-mint/1',
    description: 'Ecash for tests and demonstrations. It is worth nothing.',
    contact: [],
    time: Math.floor(Date.now() / 1000),
    nuts: { 4: { methods, disabled: false }, 5: { methods: [], disabled: true }, ...supported },
  }
}
