import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { type Listening, listening } from './listening.ts'

/** What a proxy in front of a node does wrong. Everything is optional. */
export interface ProxyFault {
  /** Sends a reply on when it is whole. */
  readonly buffers?: boolean
  /** Larger request headers are 431. */
  readonly requestHeaderMax?: number
  /** Of a reply with larger headers it makes a 502. */
  readonly replyHeaderMax?: number
  /** Forgets what stands behind the `?`. */
  readonly dropsQuery?: boolean
  /** Answers everything by itself. */
  readonly instead?: { readonly status: number; readonly headers?: Record<string, string> }
}

/** A reverse proxy on 127.0.0.1 in front of `target`, with a fault. */
export async function startProxy(target: string, fault: ProxyFault = {}): Promise<Listening> {
  const server = createServer(
    { maxHeaderSize: fault.requestHeaderMax ?? 128 * 1024 },
    (incoming, outgoing) => {
      if (fault.instead) {
        outgoing.writeHead(fault.instead.status, fault.instead.headers)
        outgoing.end('<!doctype html><title>Something else</title>')
        return
      }
      const path = fault.dropsQuery === true ? incoming.url?.split('?', 1)[0] : incoming.url
      const options = { method: incoming.method, headers: incoming.headers, maxHeaderSize: 128 * 1024 }
      const forward = request(`${target}${path}`, options, (reply) => {
        if (bytesOf(reply.headers) > (fault.replyHeaderMax ?? Infinity)) {
          outgoing.writeHead(502).end('upstream sent too big header')
          reply.destroy()
          return
        }
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
        if (fault.buffers !== true) {
          outgoing.flushHeaders()
          reply.pipe(outgoing)
          return
        }
        const pieces: Buffer[] = []
        reply.on('data', (piece: Buffer) => pieces.push(piece))
        reply.on('end', () => outgoing.end(Buffer.concat(pieces)))
      })
      forward.on('error', () => outgoing.destroy())
      incoming.pipe(forward)
    },
  )
  return listening(server)
}

function bytesOf(headers: IncomingHttpHeaders): number {
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 4,
    0,
  )
}
