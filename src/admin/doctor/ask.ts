import { get as getHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'

const BODY_MAX = 2 * 1024 * 1024
/** How long the doctor waits for one answer. */
const ASK_MS = 10_000

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The text as JSON, or undefined. */
  readonly json: unknown
  /** When each piece of the body came, in ms. */
  readonly times: readonly number[]
}

interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/**
 * Asks a server on a connection of its own; a redirect is not followed. (`fetch` refuses some ports by itself.)
 * @throws Error whose message is a reason, as half a sentence
 */
export async function ask(
  url: string,
  { headers = {}, timeoutMs = ASK_MS }: AskOptions = {},
): Promise<Answer> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const reply = await open(url, { headers, signal: deadline })
    const { text, times } = await readBody(reply)
    return { status: reply.statusCode ?? 0, headers: reply.headers, text, json: parsed(text), times }
  } catch (error) {
    const reason = deadline.aborted ? `it did not answer within ${timeoutMs / 1000} s` : reasonOf(error)
    throw new Error(reason, { cause: error })
  }
}

function open(
  url: string,
  { headers, signal }: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<IncomingMessage> {
  const get = url.startsWith('https:') ? getHttps : getHttp
  const options = { headers: { ...headers }, agent: false, signal } as const
  return new Promise((resolve, reject) => {
    get(url, options, resolve).once('error', reject)
  })
}

async function readBody(reply: IncomingMessage): Promise<Pick<Answer, 'text' | 'times'>> {
  const pieces: Buffer[] = []
  const times: number[] = []
  let size = 0
  for await (const piece of reply) {
    if (!Buffer.isBuffer(piece)) continue
    size += piece.length
    if (size > BODY_MAX) throw new Error('its answer is longer than 2 MB')
    pieces.push(piece)
    times.push(performance.now())
  }
  return { text: Buffer.concat(pieces).toString('utf8'), times }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'it cut the connection',
  EPIPE: 'it cut the connection',
  ENOTFOUND: 'its name is not known to DNS',
  EAI_AGAIN: 'DNS did not answer',
  ENETUNREACH: 'there is no network to it',
  EHOSTUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it did not answer in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes without the chain that vouches for it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  HPE_HEADER_OVERFLOW: 'its headers are too large to be read',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const known = 'code' in at ? REASONS[String(at.code)] : undefined
    if (known !== undefined) return known
  }
  return error.message === '' ? error.name : error.message
}

/** A member of a JSON object; undefined where it is something else. */
export function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined
}
