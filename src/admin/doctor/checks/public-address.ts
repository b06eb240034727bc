import { type Answer, ask, member } from '../ask.ts'
import { type Check, failed, type Finding, good, together, warning } from '../report.ts'
import type { RunningNode } from '../rooms.ts'

/** What ecash with many coins comes to, below the node's own limit of 64 KiB for all headers. */
const LARGE_HEADER = 'x'.repeat(60 * 1024)
/** Change of a one-shot payment travels in the head of the reply. */
const CHANGE_HEADER_BYTES = 4096
/** The test stream takes 600 ms; of one that was kept back all pieces come at once. */
const SPREAD_MIN_MS = 300
const DOCS = 'the configuration in docs/run/reverse-proxy.md'
const HAIRPIN =
  'Some networks do not reach their own public address from within: then try it from another machine.'

/** What a caller meets on his way to the node, every proxy in between included: whether it answers at all, and the rest. */
export function publicChecks(node: RunningNode): {
  readonly address: Check
  readonly rest: readonly Check[]
} {
  const base = (node.publicUrl ?? node.address).replace(/\/+$/, '')
  const address: Check = { name: 'public address', look: () => lookAtAddress(node, base) }
  const rest: Check[] = [
    { name: 'large request headers', look: () => lookAtRequestHeaders(base) },
    { name: 'large reply headers', look: () => lookAtReplyHeaders(base) },
    { name: 'streams', look: () => lookAtStream(node, base) },
  ]
  return { address, rest }
}

async function lookAtAddress(node: RunningNode, base: string): Promise<Finding> {
  try {
    const { status, json, headers } = await ask(`${base}/v1/info`)
    const isFarebox = status === 200 && member(json, 'software') === 'farebox'
    if (isFarebox) return together([good(`${base} answers`), judgeAddress(node)])
    const where = headers.location
    return failed(
      `${base}/v1/info answers ${status}${where === undefined ? '' : ` (to ${where})`}, and not as a Farebox`,
      `Let the proxy pass all paths on as they are, or write FAREBOX_PUBLIC_URL as callers reach the node.`,
    )
  } catch (error) {
    return failed(
      `${base} cannot be reached: ${sentence(error)}`,
      `Check FAREBOX_PUBLIC_URL, its DNS name, the proxy and the firewall. ${HAIRPIN}`,
    )
  }
}

/** Whether the address is one to give to callers. */
function judgeAddress({ publicUrl }: Pick<RunningNode, 'publicUrl'>): Finding {
  if (publicUrl === undefined) {
    return warning(
      'FAREBOX_PUBLIC_URL is not set, so the node was asked where it listens',
      'Write FAREBOX_PUBLIC_URL as callers reach the node.',
    )
  }
  const { protocol, hostname } = new URL(publicUrl)
  const isPrivate = /^(localhost|127\..*|\[::1\]|.*\.onion)$/.test(hostname)
  return protocol === 'https:' || isPrivate
    ? good('nobody on the way can read what callers send')
    : warning(
        'it is http, so everybody on the way can read and take the money of callers',
        `Put a proxy with a certificate in front (${DOCS}).`,
      )
}

async function lookAtRequestHeaders(base: string): Promise<Finding> {
  const cure = `Raise the proxy's limit for request headers to 64 KB: nginx large_client_header_buffers 4 64k, haproxy tune.bufsize 131072 (${DOCS}).`
  try {
    const { status } = await ask(`${base}/v1/info`, { headers: { 'x-farebox-padding': LARGE_HEADER } })
    return status === 200
      ? good('A request with 60 KB of headers passes')
      : failed(`A request with 60 KB of headers is answered ${status}: ecash of many coins is refused`, cure)
  } catch (error) {
    return failed(`A request with 60 KB of headers does not pass: ${sentence(error)}`, cure)
  }
}

async function lookAtReplyHeaders(base: string): Promise<Finding> {
  const cure = `Raise the proxy's buffer for the head of a reply to 16 KB or more: nginx proxy_buffer_size 16k (${DOCS}).`
  try {
    const { status, headers } = await ask(`${base}/ping?header=${CHANGE_HEADER_BYTES}`)
    const isWhole = String(headers['x-farebox-padding'] ?? '').length === CHANGE_HEADER_BYTES
    if (status === 200 && isWhole) return good('A reply with 4 KB of change in its head passes')
    return failed(
      `A reply with 4 KB of change in its head is answered ${status}${status === 200 ? ' without it' : ''}: callers would not get their change`,
      cure,
    )
  } catch (error) {
    return failed(`A reply with 4 KB of change in its head does not pass: ${sentence(error)}`, cure)
  }
}

async function lookAtStream({ boot }: RunningNode, base: string): Promise<Finding> {
  try {
    return judgeStream(await ask(`${base}/ping?stream=1`), boot)
  } catch (error) {
    return failed(
      `The test stream broke off: ${sentence(error)}`,
      `Let the proxy keep a silent stream open for ten minutes (${DOCS}).`,
    )
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** `boot`: what the stream of this very node says. */
function judgeStream(
  { status, text, times }: Pick<Answer, 'status' | 'text' | 'times'>,
  boot: string,
): Finding {
  if (status !== 200 || !text.includes('"boot":')) {
    return failed(
      `The test stream is answered ${status}, without a stream`,
      'Let the proxy pass /ping and its query on to the node.',
    )
  }
  if (!text.includes(`"boot":"${boot}"`)) {
    return failed(
      'Another Farebox answers there than the one that was asked to look',
      'Point FAREBOX_PUBLIC_URL or the proxy at this node; with several behind one address money would be lost between them.',
    )
  }
  const spread = Math.round((times.at(-1) ?? 0) - (times[0] ?? 0))
  if (text.endsWith('data: [DONE]\n\n') && spread >= SPREAD_MIN_MS)
    return good(`A stream arrives piece by piece (${times.length} in ${spread} ms)`)
  return failed(
    `A stream is kept back until it is whole: ${times.length} pieces within ${spread} ms`,
    `Switch buffering and compression off for the node: nginx proxy_buffering off, haproxy no option http-buffer-response (${DOCS}).`,
  )
}
