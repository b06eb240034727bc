import { type OutgoingHttpHeaders, type OutgoingHttpHeader } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import type { ReplyHeaders } from '../proxy/index.ts'
import type { Writer } from './express-reply.ts'

interface Listeners {
  readonly next: NextFunction
  readonly timeoutMs: number
  head(status: number, headers: ReplyHeaders): void
  /** False asks the route to wait for `drain`. */
  piece(chunk: Buffer): boolean
  onDrain(listener: () => void): void
}

type RouteEnd =
  | { readonly kind: 'ended'; readonly status: number; readonly last: Buffer }
  | { readonly kind: 'timeout' }

/** Headers that belong to a connection or that we set ourselves when the reply is settled. */
const OURS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'x-cashu'])

/**
 * Takes the reply of somebody else's route: what the route writes into its response goes to the journey, and the journey
 * writes through the functions that the response had before.
 */
export class RouteReply {
  readonly writer: Writer
  readonly #response: Response
  readonly #own: Readonly<Record<string, unknown>>
  #hasHead = false
  #isOver = false

  constructor(_request: Request, response: Response) {
    this.#response = response
    this.writer = {
      writeHead: response.writeHead.bind(response),
      write: response.write.bind(response),
      end: response.end.bind(response),
    }
    this.#own = {
      ...this.writer,
      setHeader: response.setHeader.bind(response),
      appendHeader: response.appendHeader.bind(response),
      removeHeader: response.removeHeader.bind(response),
    }
  }

  /** Lets the routes run; resolves when they have answered, or when their time is up. */
  run(listeners: Listeners): Promise<RouteEnd> {
    const response = this.#response
    return new Promise((resolve) => {
      const finish = (end: RouteEnd): void => {
        if (this.#isOver) return
        this.#isOver = true
        clearTimeout(timer)
        if (end.kind === 'ended') this.restore()
        else this.mute()
        resolve(end)
      }
      const timer = setTimeout(() => finish({ kind: 'timeout' }), listeners.timeoutMs)
      timer.unref()
      Object.assign(response, {
        writeHead: (status: number, ...rest: unknown[]) => {
          response.statusCode = status
          this.#takeHeaders(rest)
          return response
        },
        write: (chunk: unknown, ...rest: unknown[]) => {
          this.#begin(listeners)
          const mayGoOn = listeners.piece(toBuffer(chunk, rest[0]))
          callBack(rest)
          return mayGoOn
        },
        end: (...args: unknown[]) => {
          if (this.#isOver) return response
          this.#begin(listeners)
          const last =
            typeof args[0] === 'function' || args[0] === undefined || args[0] === null
              ? Buffer.alloc(0)
              : toBuffer(args[0], args[1])
          finish({ kind: 'ended', status: response.statusCode, last })
          callBack(args)
          return response
        },
      })
      listeners.next()
    })
  }

  /** Gives the response its own functions back. */
  restore(): void {
    Object.assign(this.#response, this.#own)
  }

  /**
   * Whatever the route does from now on comes too late. It must not reach a caller whose call was closed as free, and must
   * not throw either: in a callback of somebody else's code that would end the process.
   */
  mute(): void {
    const response = this.#response
    const ignore = (): Response => response
    Object.assign(response, {
      writeHead: ignore,
      setHeader: ignore,
      appendHeader: ignore,
      removeHeader: () => undefined,
      write: (...args: unknown[]) => {
        callBack(args)
        return true
      },
      end: (...args: unknown[]) => {
        callBack(args)
        return response
      },
    })
  }

  #begin(listeners: Listeners): void {
    if (this.#hasHead) return
    this.#hasHead = true
    const headers: Record<string, string | string[]> = {}
    for (const [name, value] of Object.entries(this.#response.getHeaders())) {
      if (value !== undefined && !OURS.has(name)) headers[name] = Array.isArray(value) ? value : String(value)
    }
    // Node takes the removal of a header that is not there as a wish: the end of such a reply could not be told from a cut.
    for (const name of OURS) if (this.#response.hasHeader(name)) this.#response.removeHeader(name)
    listeners.head(this.#response.statusCode, headers)
  }

  #takeHeaders(rest: readonly unknown[]): void {
    const given = rest.find(
      (value): value is OutgoingHttpHeaders => typeof value === 'object' && value !== null,
    )
    for (const [name, value] of Object.entries(given ?? {})) {
      if (isHeader(value)) this.#response.setHeader(name, value)
    }
  }
}

function isHeader(value: unknown): value is OutgoingHttpHeader {
  return typeof value === 'string' || typeof value === 'number' || Array.isArray(value)
}

function toBuffer(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, isEncoding(encoding) ? encoding : 'utf8')
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError('a reply is written as text or bytes')
}

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value)
}

function callBack(args: readonly unknown[]): void {
  const done = args.find((value) => typeof value === 'function')
  if (typeof done === 'function') process.nextTick(() => void Reflect.apply(done, undefined, []))
}
