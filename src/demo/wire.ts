import { type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Starts to listen on 127.0.0.1 (`port` 0: any free one) and gives the origin, as `http://127.0.0.1:3338`. */
export async function listen(server: Server, port = 0): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return `http://127.0.0.1:${address.port}`
}

/** Stops at once: connections that still wait for a reply are cut. Harmless when it has stopped already. */
export async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeAllConnections()
  await closed
}

export async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

/** The path of a request without its query. */
export function pathOf(req: IncomingMessage): string {
  return (req.url ?? '/').split('?', 1)[0] ?? '/'
}

const cuts = new WeakSet<ServerResponse>()

/** Destroys the connection of a reply on purpose. */
export function cut(res: ServerResponse): void {
  cuts.add(res)
  res.destroy()
}

/** The same, once what was written has gone out. */
export function cutAfterFlush(res: ServerResponse): void {
  cuts.add(res)
  res.socket?.destroySoon()
}

/** Whether it was `cut`, and not the client, that ended a reply early. */
export function wasCut(res: ServerResponse): boolean {
  return cuts.has(res)
}
