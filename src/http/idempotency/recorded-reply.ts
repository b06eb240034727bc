import type { Reply, ReplyHeaders } from '../../proxy/index.ts'
import type { Answer } from './answers.ts'

const KEPT_BYTES_MAX = 4 * 1024 * 1024

/** A reply that is kept before its last bytes leave. What is larger than 4 MB is passed on and not kept. */
export function recordedReply(reply: Reply, keep: (answer: Answer | undefined) => Promise<void>): Reply {
  let head: { status: number; headers: ReplyHeaders } = { status: 200, headers: {} }
  const pieces: Buffer[] = []
  let length = 0
  const record = (chunk: Buffer): void => {
    length += chunk.length
    if (length <= KEPT_BYTES_MAX) pieces.push(chunk)
  }
  return {
    onDrain: (listener) => reply.onDrain(listener),
    cut: () => reply.cut(),
    isGone: () => reply.isGone(),
    onGone: (listener) => reply.onGone(listener),
    head(status, headers) {
      head = { status, headers }
      reply.head(status, headers)
    },
    write(chunk) {
      record(chunk)
      return reply.write(chunk)
    },
    end(chunk) {
      record(chunk)
      const answer = length > KEPT_BYTES_MAX ? undefined : { ...head, body: Buffer.concat(pieces) }
      return keep(answer).then(
        () => reply.end(chunk),
        () => reply.end(chunk),
      )
    },
  }
}
