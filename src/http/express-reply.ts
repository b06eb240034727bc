import type { Response } from 'express'
import type { Reply, ReplyHeaders } from '../proxy/index.ts'

/** The write functions of a response. Behind a `paywall` they are the ones the response had before it was wrapped. */
export type Writer = Pick<Response, 'writeHead' | 'write' | 'end'>

/** A caller's end of a reply, on an Express response. */
export function expressReply(response: Response, writer: Writer): Reply {
  let isGone = response.destroyed
  const leavers: (() => void)[] = []
  response.once('close', () => {
    if (response.writableFinished) return
    isGone = true
    for (const leave of leavers) leave()
  })
  return {
    head(status: number, headers: ReplyHeaders) {
      if (isGone || response.headersSent) return
      // Headers in one list are written as they stand, which costs half of what setting each one does.
      if (response.getHeaderNames().length === 0) {
        writer.writeHead.call(response, status, rawHeaders(headers))
        return
      }
      for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, typeof value === 'string' ? value : [...value])
      }
      writer.writeHead.call(response, status)
    },
    write: (chunk) => isGone || writer.write.call(response, chunk, 'utf8'),
    onDrain: (listener) => void response.on('drain', listener),
    end(chunk) {
      if (!isGone) writer.end.call(response, chunk, 'utf8')
    },
    cut: () => void response.destroy(),
    isGone: () => isGone,
    onGone(listener) {
      if (isGone) listener()
      else leavers.push(listener)
    },
  }
}

function rawHeaders(headers: ReplyHeaders): (string | string[])[] {
  const list: (string | string[])[] = []
  for (const [name, value] of Object.entries(headers)) {
    list.push(name, typeof value === 'string' ? value : [...value])
  }
  return list
}
