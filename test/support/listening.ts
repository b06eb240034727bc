import { once } from 'node:events'
import type { Server } from 'node:http'

export interface Listening extends AsyncDisposable {
  readonly url: string
}

/** A server on a free port of this machine. Disposing of it cuts who is still connected. */
export async function listening(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
