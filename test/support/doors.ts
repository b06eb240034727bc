import { type IncomingHttpHeaders, request, type Server } from 'node:http'
import {
  CallTally,
  DoorFigures,
  type NodeRooms,
  openMetrics,
  privateApp,
  type PrivateParts,
  privateServer,
  publicApp,
  publicServer,
} from '../../src/http/index.ts'
import { type Listening, listening } from './listening.ts'

export interface Door extends Listening {
  readonly server: Server
}

/** A further public door to a node's rooms, some of which may be others. */
export async function openDoor(
  rooms: NodeRooms,
  changes: Partial<NodeRooms> = {},
  figures = new DoorFigures(),
): Promise<Door> {
  const changed = { ...rooms, ...changes }
  return opened(publicServer(publicApp(changed), changed, figures))
}

export interface PrivateDoor extends Door {
  readonly tally: CallTally
  readonly figures: DoorFigures
  /** The samples of /metrics, by their names with labels. */
  samples(): Promise<ReadonlyMap<string, number>>
}

/** A private door to a node's rooms. What is to be counted has to come by a public door with its `tally` and `figures`. */
export async function openPrivateDoor(rooms: NodeRooms, admin?: PrivateParts['admin']): Promise<PrivateDoor> {
  const tally = new CallTally(rooms.log)
  const figures = new DoorFigures()
  const metrics = openMetrics({ rooms, tally, door: figures, booksKeptMs: 0 })
  const door = await opened(privateServer(privateApp({ rooms, metrics, admin })))
  return {
    ...door,
    tally,
    figures,
    samples: async () => samplesIn((await ask(`${door.url}/metrics`)).text),
    [Symbol.asyncDispose]: async () => {
      metrics.close()
      await door[Symbol.asyncDispose]()
    },
  }
}

async function opened(server: Server): Promise<Door> {
  return { ...(await listening(server)), server }
}

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request on a connection of its own, with any header, `Host` too. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: string | Buffer } = {},
): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const sent = request(url, { agent: false, method, headers: { ...headers } }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    response.once('error', reject)
    response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
  })
  sent.once('error', reject)
  sent.end(body)
  return promise
}

/** The error in an answer of ours. */
export function errorIn({ text }: { text: string }): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text)
  const error: unknown = Object(parsed)['error']
  return { ...Object(error) }
}

function samplesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}
