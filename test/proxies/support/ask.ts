import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request } from 'node:https'

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** When each piece of the body came, in milliseconds since the request. */
  readonly pieces: readonly { readonly atMs: number; readonly text: string }[]
}

interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request on a connection of its own. Larger headers may come back than Node reads by itself. */
export function begin(url: string, { method = 'GET', headers = {}, body }: Ask = {}): ClientRequest {
  const sent = request(url, {
    agent: false,
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    rejectUnauthorized: false,
    maxHeaderSize: 128 * 1024,
  })
  sent.end(body)
  return sent
}

export async function ask(url: string, how: Ask = {}): Promise<Asked> {
  const begun = performance.now()
  const sent = begin(url, how)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (!response) throw new Error('no reply')
  // Who is refused before he has sent everything may find the way closed.
  sent.on('error', () => undefined)
  const pieces: { atMs: number; text: string }[] = []
  response.setEncoding('utf8').on('data', (text: string) => {
    pieces.push({ atMs: performance.now() - begun, text })
  })
  await once(response, 'end')
  const text = pieces.map((piece) => piece.text).join('')
  return { status: response.statusCode ?? 0, headers: response.headers, text, pieces }
}
