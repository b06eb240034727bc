import { Agent, type Dispatcher, request } from 'undici'

interface GetJsonOptions {
  /** For all of it, from the look-up of the name to the last byte. */
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of a connection of its own, as through a proxy. */
  readonly dispatcher?: Dispatcher
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/**
 * Gets a JSON document from a host that is not trusted. A redirect is not followed, and no socket is left open.
 * @throws Error whose message is a clause about the host ("answered 302 …"). It quotes nothing of the reply.
 */
export async function getJson(url: string, options: GetJsonOptions): Promise<unknown> {
  const { timeoutMs, dispatcher } = options
  const own = dispatcher ?? new Agent({ connections: 1, allowH2: false, connect: { timeout: timeoutMs } })
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([deadline, ...(options.signal ? [options.signal] : [])])
  try {
    return await fetchJson(url, options, { dispatcher: own, signal })
  } catch (error) {
    if (error instanceof RefusedReply) throw error
    if (deadline.aborted) throw new Error(`did not answer within ${timeoutMs} ms`, { cause: error })
    if (signal.aborted) throw new Error('was not waited for', { cause: error })
    throw new Error(`cannot be reached (${codeOf(error)})`, { cause: error })
  } finally {
    // A connection that is still being made outlives an aborted request; this ends it.
    if (dispatcher === undefined) await own.destroy()
  }
}

class RefusedReply extends Error {}

async function fetchJson(
  url: string,
  { headers, maxBytes }: GetJsonOptions,
  { dispatcher, signal }: { dispatcher: Dispatcher; signal: AbortSignal },
): Promise<unknown> {
  // Some public interfaces refuse a request without this header.
  const sent = { accept: 'application/json', 'user-agent': 'farebox', ...headers }
  const reply = await request(url, { dispatcher, signal, headers: sent })
  // A body that is given up ends with an error, and one that nobody listens for would end the process.
  reply.body.on('error', () => undefined)
  if (reply.statusCode !== 200) {
    const isRedirect = reply.statusCode >= 300 && reply.statusCode < 400
    reply.body.destroy()
    throw new RefusedReply(
      `answered ${reply.statusCode}${isRedirect ? ', and redirects are not followed' : ''}`,
    )
  }
  return parse(await readAll(reply.body, maxBytes))
}

async function readAll(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) continue
    size += piece.length
    if (size > maxBytes) throw new RefusedReply(`sent more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RefusedReply(text.trim() === '' ? 'sent nothing' : 'sent something that is not JSON')
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? (Reflect.get(error, 'code') ?? error.name) : undefined
  return typeof code === 'string' ? code : 'unknown'
}
