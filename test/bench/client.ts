import { connect, type Socket } from 'node:net'

export interface Reply {
  status: number
  bodyBytes: number
  /** The last bytes as they came over the wire, framing included. */
  tail: Buffer
}

interface Listener {
  firstByte(): void
  /** `undefined`: the connection broke before the reply's end. */
  end(reply: Reply | undefined): void
}

const TAIL = 40

/** A keep-alive HTTP/1.1 client for one request at a time, on a bare socket, so that the load costs little itself. */
export class Connection {
  readonly #socket: Socket
  #listener: Listener | undefined
  #head: Buffer = Buffer.alloc(0)
  #inBody = false
  #chunked = false
  #reply: Reply = { status: 0, bodyBytes: 0, tail: Buffer.alloc(0) }
  /** Bytes of the body, or of the current chunk with its line end, that are still to come. */
  #left = 0
  #sizeLine = ''

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (data: Buffer) => this.#read(data))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => this.#end(undefined))
  }

  send(request: Buffer, listener: Listener): void {
    this.#listener = listener
    this.#head = Buffer.alloc(0)
    this.#inBody = false
    if (this.#socket.destroyed) this.#end(undefined)
    else this.#socket.write(request)
  }

  close(): void {
    this.#listener = undefined
    this.#socket.destroy()
  }

  #end(reply: Reply | undefined): void {
    const listener = this.#listener
    this.#listener = undefined
    listener?.end(reply)
  }

  #read(data: Buffer): void {
    if (this.#inBody) return this.#readBody(data)
    this.#head = this.#head.length === 0 ? data : Buffer.concat([this.#head, data])
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#head.toString('latin1', 0, end)
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    this.#left = this.#chunked ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    this.#sizeLine = ''
    this.#reply = { status: Number(head.slice(9, 12)), bodyBytes: 0, tail: Buffer.alloc(0) }
    this.#inBody = true
    const rest = this.#head.subarray(end + 4)
    if (rest.length > 0 || (!this.#chunked && this.#left === 0)) this.#readBody(rest)
  }

  #readBody(data: Buffer): void {
    if (this.#reply.bodyBytes === 0 && data.length > 0) this.#listener?.firstByte()
    this.#reply.tail = (data.length >= TAIL ? data : Buffer.concat([this.#reply.tail, data])).subarray(-TAIL)
    if (this.#chunked) return this.#readChunks(data)
    this.#reply.bodyBytes += data.length
    this.#left -= data.length
    if (this.#left <= 0) this.#end(this.#reply)
  }

  #readChunks(data: Buffer): void {
    let at = 0
    while (at < data.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, data.length - at)
        this.#left -= taken
        this.#reply.bodyBytes += taken
        at += taken
        continue
      }
      const newline = data.indexOf(10, at)
      this.#sizeLine += data.toString('latin1', at, newline === -1 ? data.length : newline + 1)
      if (newline === -1) return
      at = newline + 1
      const size = Number.parseInt(this.#sizeLine, 16)
      // After the last chunk (size 0) an empty line ends the reply; the bench's servers send no trailers.
      if (size === 0) {
        if (!this.#sizeLine.endsWith('\r\n\r\n')) continue
        return this.#end(this.#reply)
      }
      this.#sizeLine = ''
      this.#left = size + 2
    }
  }
}
