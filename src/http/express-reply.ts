import type { Response } from 'express'
import type { Reply, ReplyHeaders } from '../proxy/index.ts'

/** The write functions of a response. Behind a `paywall` they are the ones the response had before it was wrapped. */
export type Writer = Pick<Response, 'writeHead' | 'write' | 'end'>

/** As Node's flat list of names and values. */
type HeaderList = readonly string[]

/** Up to here copying a body into one string with its head costs less than a write of two pieces. */
const JOINED_BYTES_MAX = 16 * 1024
const NO_HEADERS: HeaderList = []
const IDLE_MS = 60_000

export interface ReplyOptions {
  readonly writer?: Writer | undefined
  /** Headers that the reply carries beside its own, asked for when it begins. */
  readonly common?: (() => HeaderList) | undefined
  /** How long its caller may stop reading before he counts as gone. Default: a minute. */
  readonly idleMs?: number | undefined
}

/** A caller's end of a reply, on an Express response. */
export class ExpressReply implements Reply {
  readonly #response: Response
  readonly #writer: Writer
  readonly #common: () => HeaderList
  readonly #idleMs: number
  #isGone: boolean
  #hasWritten = false
  #leavers: (() => void)[] | undefined

  constructor(response: Response, options: ReplyOptions) {
    const { writer = response, common = () => NO_HEADERS, idleMs = IDLE_MS } = options
    this.#response = response
    this.#writer = writer
    this.#common = common
    this.#idleMs = idleMs
    this.#isGone = response.destroyed
    response.on('close', () => this.#closed())
  }

  head(status: number, headers: ReplyHeaders): void {
    const response = this.#response
    if (this.#isGone || response.headersSent) return
    // Headers in one list are written as they stand, which costs half of what setting each one does.
    if (response.getHeaderNames().length === 0) {
      this.#writer.writeHead.call(response, status, rawHeaders(this.#common(), headers))
      return
    }
    for (const [name, value] of Object.entries(headers)) {
      response.setHeader(name, typeof value === 'string' ? value : [...value])
    }
    this.#writer.writeHead.call(response, status)
  }

  write(chunk: Buffer): boolean {
    this.#hasWritten = true
    if (this.#isGone || this.#writer.write.call(this.#response, chunk, 'utf8')) return true
    this.#mindIdle(this.#idleMs)
    return false
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', () => {
      this.#mindIdle(0)
      listener()
    })
  }

  end(chunk: Buffer): undefined {
    if (this.#isGone) return undefined
    // Latin-1 keeps every byte as it is, and Node joins such a body with the head before it.
    if (!this.#hasWritten && chunk.length <= JOINED_BYTES_MAX) {
      this.#writer.end.call(this.#response, chunk.toString('latin1'), 'latin1')
    } else this.#writer.end.call(this.#response, chunk, 'utf8')
    mindUnread(this.#response, this.#idleMs)
    return undefined
  }

  cut(): void {
    this.#response.destroy()
  }

  isGone(): boolean {
    return this.#isGone
  }

  onGone(listener: () => void): void {
    if (this.#isGone) listener()
    else (this.#leavers ??= []).push(listener)
  }

  /** Node breaks a connection off on which nothing has moved for so long, which is how a caller who stopped reading goes. */
  #mindIdle(ms: number): void {
    this.#response.socket?.setTimeout(ms)
  }

  #closed(): void {
    if (this.#response.writableFinished) return
    this.#isGone = true
    for (const leave of this.#leavers ?? []) leave()
  }
}

/** For an answer that has been ended: one that its caller does not read goes with its connection. */
export function mindUnread(response: Response, idleMs = IDLE_MS): void {
  if (response.writableLength > 0) response.socket?.setTimeout(idleMs)
}

function rawHeaders(common: HeaderList, headers: ReplyHeaders): (string | string[])[] {
  const list: (string | string[])[] = [...common]
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? ''
    list.push(name, typeof value === 'string' ? value : [...value])
  }
  return list
}
