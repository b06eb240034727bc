/**
 * The mock upstream, a process of its own: prewritten replies on bare sockets, so that it is several times faster than
 * whatever is measured. A request for a stream gets `events` content events, `gapMs` apart, the first at once.
 */
import { createServer, type Socket } from 'node:net'
import { answers, listening } from './ipc.ts'
import { chunk, MODEL_LIST, STREAM_END, STREAM_EVENT, STREAM_HEAD, whole, WHOLE_REPLY } from './wire.ts'

interface Stream {
  socket: Socket
  left: number
}

const WHOLE = whole(WHOLE_REPLY)
const MODELS = whole(MODEL_LIST)
const EVENT = chunk(STREAM_EVENT)
const BEGIN = Buffer.concat([STREAM_HEAD, EVENT])
const END = Buffer.concat([...STREAM_END.map(chunk), Buffer.from('0\r\n\r\n')])

const streams = new Map<Socket, Stream>()
let plan = { events: 100, gapMs: 5 }
let timer: NodeJS.Timeout | undefined

function tick(): void {
  for (const stream of streams.values()) {
    stream.left -= 1
    if (stream.left > 0) stream.socket.write(EVENT)
    else {
      streams.delete(stream.socket)
      stream.socket.write(END)
    }
  }
}

function reply(socket: Socket, head: string, body: Buffer): void {
  if (head.startsWith('GET ')) socket.write(MODELS)
  else if (body.includes('"stream":true')) {
    socket.write(BEGIN)
    streams.set(socket, { socket, left: plan.events })
  } else socket.write(WHOLE)
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('close', () => streams.delete(socket))
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const head = pending.toString('latin1', 0, headEnd)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      const end = headEnd + 4 + length
      if (pending.length < end) return
      reply(socket, head, pending.subarray(headEnd + 4, end))
      pending = pending.subarray(end)
    }
  })
})

answers({
  port: () => listening(server),
  plan: ({ events = 100, gapMs = 5 }) => {
    plan = { events, gapMs }
    clearInterval(timer)
    timer = setInterval(tick, gapMs)
    return {}
  },
})
