import type { Response } from 'express'
import type { Reply, ReplyHeaders } from '../proxy/index.ts'

/** The write functions of a response. Behind a `paywall` they are the ones the response had before it was wrapped. */
export type Writer = Pick<Response, 'writeHead' | 'write' | 'end'>

/** As Node's flat list of names and values. */
export type HeaderList = readonly string[]

/** Up to here copying a body into one string with its head costs less than a write of two pieces. */
const JOINED_BYTES_MAX = 16 * 1024
const NO_HEADERS: HeaderList = []

/** A caller's end of a reply, on an Express response. */
export class ExpressReply implements Reply {
  readonly #response: Response
  readonly #writer: Writer
  readonly #common: () => HeaderList
  #isGone: boolean
  #hasWritten = false
  #leavers: (() => void)[] | undefined

  /** `common` are headers that the reply carries beside its own, asked for when it begins. */
  constructor(
    response: Response,
    { writer = response, common = () => NO_HEADERS }: { writer?: Writer; common?: () => HeaderList },
  ) {
    this.#response = response
    this.#writer = writer
    this.#common = common
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
    return this.#isGone || this.#writer.write.call(this.#response, chunk, 'utf8')
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener)
  }

  end(chunk: Buffer): undefined {
    if (this.#isGone) return undefined
    // Latin-1 keeps every byte as it is, and Node joins such a body with the head before it.
    if (!this.#hasWritten && chunk.length <= JOINED_BYTES_MAX) {
      this.#writer.end.call(this.#response, chunk.toString('latin1'), 'latin1')
    } else this.#writer.end.call(this.#response, chunk, 'utf8')
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

  #closed(): void {
    if (this.#response.writableFinished) return
    this.#isGone = true
    for (const leave of this.#leavers ?? []) leave()
  }
}

function rawHeaders(common: HeaderList, headers: ReplyHeaders): (string | string[])[] {
  const list: (string | string[])[] = [...common]
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? ''
    list.push(name, typeof value === 'string' ? value : [...value])
  }
  return list
}
