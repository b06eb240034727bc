import { ask, member } from '../ask.ts'
import { type Check, failed, type Finding, good, together, warning } from '../report.ts'

const DAY_S = 86_400
/** What the node cannot do without: the state of coins (07) and the signatures of a swap that broke off (09). */
const NEEDED = [7, 9]
/** What makes ecash better to hold: locked ecash (10, 11) and proofs of the mint's signature (12). */
const WANTED = [10, 11, 12]
const TAKE_OUT = 'take it out of FAREBOX_MINTS'

export function mintChecks(mints: readonly string[], now: () => number): Check[] {
  if (mints.length === 0) {
    const none = failed(
      'No mint is set, so nobody can pay',
      'Write FAREBOX_MINTS=https://… (comma-separated).',
    )
    return [{ name: 'mints', look: () => none }]
  }
  return mints.map((mint) => ({ name: `mint ${hostOf(mint)}`, look: () => lookAtMint(mint, now) }))
}

async function lookAtMint(mint: string, now: () => number): Promise<Finding> {
  try {
    const [info, keysets] = await Promise.all([askMint(mint, '/v1/info'), askMint(mint, '/v1/keysets')])
    return together([judgeKeysets(keysets, now()), judgeNuts(info)])
  } catch (error) {
    return failed(
      `It cannot be asked: ${error instanceof Error ? error.message : String(error)}`,
      `Check the address ${mint} and the network; if the mint is gone for good, ${TAKE_OUT}.`,
    )
  }
}

async function askMint(mint: string, path: string): Promise<unknown> {
  const { status, json } = await ask(`${mint.replace(/\/+$/, '')}${path}`)
  if (status !== 200) throw new Error(`${path} answered ${status}`)
  if (json === undefined) throw new Error(`${path} is not JSON, so it is no mint`)
  return json
}

/** `json`: NUT-02's list. `now`: unix ms. */
export function judgeKeysets(json: unknown, now: number): Finding {
  const listed: unknown = member(json, 'keysets')
  if (!Array.isArray(listed))
    return failed('Its list of keysets is none', `It is no Cashu mint; ${TAKE_OUT}.`)
  const active = listed.filter((keyset: unknown) => isUsable(keyset, now))
  const inSats = active.filter((keyset: unknown) => member(keyset, 'unit') === 'sat')
  if (inSats.length === 0) {
    const units = [...new Set(active.map((keyset: unknown) => String(member(keyset, 'unit'))))]
    return failed(
      `It has no active keyset in sat${units.length > 0 ? `, only in ${units.join(', ')}` : ''}`,
      `Farebox takes sats only: ${TAKE_OUT}, or ask its operator.`,
    )
  }
  const fees = inSats.map((keyset: unknown) => Number(member(keyset, 'input_fee_ppk') ?? 0))
  const fee = Math.min(...fees)
  return good(
    `${inSats.length} active keyset${inSats.length > 1 ? 's' : ''} in sat, fee ${fee} ppk (${fee / 1000} sat a coin)`,
  )
}

function isUsable(keyset: unknown, now: number): boolean {
  const expiry = member(keyset, 'final_expiry')
  return member(keyset, 'active') === true && (typeof expiry !== 'number' || expiry > now / 1000 + DAY_S)
}

/** `json`: NUT-06's description of a mint. */
export function judgeNuts(json: unknown): Finding {
  const missing = (nuts: readonly number[]): string[] =>
    nuts
      .filter((nut) => member(member(member(json, 'nuts'), String(nut)), 'supported') !== true)
      .map((nut) => `NUT-${String(nut).padStart(2, '0')}`)
  const needed = missing(NEEDED)
  if (needed.length > 0) {
    return failed(
      `It lacks ${needed.join(' and ')}, without which ecash can be lost when a connection breaks`,
      `Use a mint that has them and ${TAKE_OUT}.`,
    )
  }
  const wanted = missing(WANTED)
  return wanted.length === 0
    ? good('it has every NUT that is used')
    : warning(`it lacks ${wanted.join(', ')}`, 'Tell callers, or use a mint that has them.')
}

function hostOf(mint: string): string {
  const url = URL.parse(mint)
  return url === null ? mint : `${url.host}${url.pathname.replace(/\/+$/, '')}`
}
